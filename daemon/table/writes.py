"""The job table's writer, job by job: add, advance, amend. Rows in, frozen Jobs out."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import Conflict
from daemon.events import Events, JobMoved
from daemon.money.ledger import Ledger
from daemon.names import shown
from daemon.states import FINAL, Job, Move, NewJob, State, Transition, allowed
from daemon.table import schema
from daemon.table.database import GroupCommit, open_all, writing_engine
from daemon.table.queries import Queries
from daemon.table.rows import (
    add_row,
    add_transitions,
    apply,
    first_row,
    keep_payment,
    original_of,
    wake_twins,
)
from daemon.table.tablefile import TableFile

log = logging.getLogger(__name__)


class Writes(Queries):
    """Guarded writes of single rows. Every method may be called from any thread; what it wrote is then on disk.

    `counts` is kept by this object's own writes, so it holds for the one that has the state directory's lock.
    """

    def __init__(self, url: str, clock: Clock, events: Events | None = None) -> None:
        """Open the table at the SQLAlchemy `url`, migrating it. Raises ConfigError if it is not to be used.

        `events` is told every transition once it is on disk.
        """
        self._events = events or Events()
        schema.prepare(url)
        engine = writing_engine(url)
        self._writer = GroupCommit(engine)
        super().__init__(url, clock)
        open_all(self._reader)
        self.file = TableFile(url, writing=engine, reading=self._reader)
        #: What was spent, kept by the writes below; an intent is taken from it before it is written.
        self.ledger = Ledger(self.spent_on)
        #: Jobs whose end some other job may wait for: most have none, and are spared a statement.
        self._waited_for = self.waited_for()

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self._writer.close()

    def add(self, new: Sequence[NewJob]) -> list[Job]:
        """Record files as jobs, in one transaction; give those that were not there yet.

        A file that is live in the table (same source and identity, still in the inbox) is passed over, so a
        file seen by an event and by a scan is one job. One that brings a fault is recorded as failed.
        """
        wall = self._clock.wall()
        rows = [first_row(job, now=self._clock.now(), wall=wall) for job in new]

        def work(connection: Connection) -> list[Job]:
            added = [job for row in rows if (job := add_row(connection, row)) is not None]
            add_transitions(connection, [_found(job, wall) for job in added])
            return added

        added = self._writer.run(work)
        self._count((job.folder, None, job.state) for job in added)
        for job in added:
            self._tell(job, _found(job, wall))
        return added

    def advance(self, job: Job, to: State, reason: str, **changes: Any) -> Job:
        """Move `job` to the state `to`, with `changes` to its other columns, and note it in its history.

        The claim ends unless `claimed_by` is among the changes. Raises Conflict if the row is no longer as
        `job` has it, ValueError for a transition that the table in `states.py` does not allow.
        """
        return self.write(job, [Move(to, reason, self._clock.wall())], **changes)

    def amend(self, job: Job, **changes: Any) -> Job:
        """Change columns of `job` without a transition; the claim ends unless kept. Raises Conflict."""
        return self.write(job, [], **changes)

    def write(self, job: Job, moves: Sequence[Move], **changes: Any) -> Job:
        """Make `moves`, one after the other, with `changes` to other columns, in one transaction: as `advance`."""
        after = self._write(job, moves, changes)
        if after is None:
            raise _conflict(job)
        return after

    def intend(self, job: Job, moves: Sequence[Move], **changes: Any) -> Job | None:
        """Write the intent to submit, as `write`; None, and nothing is written, if another job stands for it.

        That job has the same fingerprint and got to its submit. The statement that makes this one ready to be paid
        looks for it, so that of equal files under way together exactly one is.
        """
        fingerprint = changes.get("fingerprint", job.fingerprint)
        after = self._write(job, moves, changes, unpaid=fingerprint)
        if after is None:
            now = self.find(job.id)
            if now is None or (now.state, now.version) != (job.state, job.version):
                raise _conflict(job)
        return after

    def write_all(self, wanted: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Job | None]:
        """Change columns of many jobs in one transaction, as `amend`; None for each that was changed meanwhile."""
        wall = self._clock.wall()

        def work(connection: Connection) -> list[Job | None]:
            return [apply(connection, job, {"claimed_by": None, **changes}, wall) for job, changes in wanted]

        return self._writer.run(work)

    def _write(
        self, job: Job, moves: Sequence[Move], changes: Mapping[str, Any], *, unpaid: str | None = None
    ) -> Job | None:
        """Write in one transaction; None if the row changed, or is not `unpaid` (a fingerprint)."""
        history = _history(job, moves)
        now, wall = self._clock.now(), self._clock.wall()
        values: dict[str, Any] = {"claimed_by": None, **changes}
        final = False
        if moves:
            final = moves[-1].to in FINAL
            ends = {"waits_for": None, "finished_at": wall if final else None}
            values = {**ends, **values, "state": moves[-1].to}

        def work(connection: Connection) -> Job | None:
            after = apply(connection, job, values, wall, unpaid=unpaid)
            if after is not None:
                add_transitions(connection, history)
                if unpaid is not None and job.spent_at is not None:
                    keep_payment(connection, job)
                if final and job.id in self._waited_for:
                    wake_twins(connection, job.id, now)
            return after

        after = self._writer.run(work)
        if after is not None:
            if unpaid is None:
                self.ledger.follow(job, after)
            self._count([(job.folder, each.before, each.after) for each in history])
            for each in history:
                self._tell(after, each)
        return after

    def settle_original(self, job: Job, fingerprint: str, sha256: str) -> tuple[Job, Job | None]:
        """Note what `job` is (bytes and request), and find the job that already stands for the same.

        Gives the row as it now is and that other job, or None if this one is to be paid for. Both in one
        transaction, so that of two equal files taken up together exactly one goes on. Keeps the claim.
        """
        wall = self._clock.wall()

        def work(connection: Connection) -> tuple[Job | None, Job | None]:
            original = original_of(connection, job.id, fingerprint)
            if original is not None:
                self._waited_for.add(original.id)
            changes = {"sha256": sha256, "fingerprint": fingerprint, "twin_of": original and original.id}
            return apply(connection, job, changes, wall), original

        after, original = self._writer.run(work)
        if after is None:
            raise _conflict(job)
        return after, original

    def _tell(self, job: Job, each: Transition) -> None:
        """Write the log line of a transition that is on disk, and tell those who listen."""
        log.info(
            "job %d (%s/%s): %s → %s: %s",
            job.id,
            job.folder,
            shown(job.name),
            each.before or "new",
            each.after,
            each.reason,
            extra={"job": job.id, "folder": job.folder},
        )
        if self._events.heard:
            self._events.publish(JobMoved(job, each))

    def _count(self, moves: Iterable[tuple[str, State | None, State]]) -> None:
        with self._counts_lock:
            for folder, before, after in moves:
                if before is not None:
                    self.counts[folder, before] -= 1
                self.counts[folder, after] += 1


def _conflict(job: Job) -> Conflict:
    return Conflict(f"job {job.id} is no longer {job.state} as it was: it was changed meanwhile")


def _found(job: Job, wall: float) -> Transition:
    return Transition(job.id, wall, None, job.state, job.error_message or "found")


def _history(job: Job, moves: Sequence[Move]) -> list[Transition]:
    """Give the transitions that `moves` make of `job`; raises ValueError for one that is not allowed."""
    history = []
    before = job.state
    for move in moves:
        if not allowed(before, move.to):
            raise ValueError(f"job {job.id} can't go from {before} to {move.to}")
        history.append(Transition(job.id, move.at, before, move.to, move.reason))
        before = move.to
    return history
