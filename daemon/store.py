"""The job table's only writer: add, claim, advance, amend. Rows in, frozen Jobs out."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, not_, select, update

from daemon import schema
from daemon.clock import Clock
from daemon.database import GroupCommit, writing_engine
from daemon.errors import Conflict
from daemon.names import shown
from daemon.queries import Queries
from daemon.rows import (
    JOBS,
    NOTES,
    SELECT_JOBS,
    TRANSITIONS,
    UNFINISHED,
    add_row,
    add_transitions,
    apply,
    first_row,
    job_of,
    wake_twins,
)
from daemon.states import FINAL, Job, NewJob, State, allowed
from daemon.tablefile import TableFile

_CLAIMABLE = SELECT_JOBS.where(
    UNFINISHED,
    JOBS.c.state == bindparam("in_state"),
    JOBS.c.folder == bindparam("in_folder"),
    JOBS.c.due_at <= bindparam("now"),
    JOBS.c.claimed_by.is_(None),
).limit(bindparam("most"))
_ORIGINAL = (
    SELECT_JOBS.where(
        JOBS.c.fingerprint == bindparam("the_fingerprint"),
        JOBS.c.id != bindparam("own_id"),
        JOBS.c.twin_of.is_(None),
        JOBS.c.state.not_in([State.FAILED, State.CANCELLED]),
    )
    .order_by(JOBS.c.id.desc())
    .limit(1)
)
_OLDEST = _CLAIMABLE.order_by(JOBS.c.due_at)
_NEWEST = _CLAIMABLE.order_by(JOBS.c.due_at.desc())

_PRUNED_AT_ONCE = 500

log = logging.getLogger(__name__)

#: A job as it was and as it is.
_Pair = tuple[Job, Job]


class Store(Queries):
    """The job table. Every method may be called from any thread; every write is on disk when it returns.

    `counts` is kept by this object's own writes, so it holds for the one that has the state directory's lock.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        """Open the table at the SQLAlchemy `url`, migrating it. Raises ConfigError if it is not to be used."""
        schema.prepare(url)
        engine = writing_engine(url)
        self._writer = GroupCommit(engine)
        super().__init__(url, clock)
        self.file = TableFile(url, writing=engine, reading=self._reader)
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
            add_transitions(connection, [(job, None, job.error_message or "found") for job in added], wall)
            return added

        added = self._writer.run(work)
        for job in added:
            _tell(job, None, job.error_message or "found")
        self._count((job.folder, None, job.state) for job in added)
        return added

    def end_leases(self) -> None:
        """Free every claimed row; only for who holds the state directory's lock, so the claimants are dead."""
        statement = update(JOBS).where(UNFINISHED, JOBS.c.claimed_by.is_not(None)).values(claimed_by=None)
        self._writer.run(lambda connection: connection.execute(statement).rowcount)

    def claim(
        self,
        states: Sequence[State],
        folders: Sequence[str],
        *,
        by: str,
        most: int,
        newest: bool = False,
        become: State | None = None,
    ) -> list[Job]:
        """Take up to `most` due rows in `states` for the daemon instance `by`; `folders` in order of preference.

        `become` moves them to that state at once. `newest` takes the latest first. A claim ends with the next
        `advance` or `amend` that does not keep it, or with its claimant (`end_leases`).
        """
        places = [(folder, state) for folder in folders for state in states if self.counts[folder, state]]
        if not places or most < 1:
            return []
        query = _NEWEST if newest else _OLDEST
        now, wall = self._clock.now(), self._clock.wall()

        def work(connection: Connection) -> list[_Pair]:
            found: list[Job] = []
            for folder, state in places:
                wanted = {"in_state": state, "in_folder": folder, "now": now, "most": most - len(found)}
                found += [job_of(row) for row in connection.execute(query, wanted).mappings()]
                if len(found) >= most:
                    break
            return self._apply_all(
                connection, found, lambda job: {"claimed_by": by, "state": become or job.state}, "taken up", wall
            )

        return self._run_pairs(work, "taken up")

    def claim_one(self, job: Job, *, by: str) -> Job:
        """Take this very row, whatever is due. Raises Conflict if it is claimed or was changed."""
        if job.claimed_by is not None:
            raise Conflict(f"job {job.id} is being worked on")
        return self.amend(job, claimed_by=by)

    def advance(self, job: Job, to: State, reason: str, **changes: Any) -> Job:
        """Move `job` to the state `to`, with `changes` to its other columns, and note it in its history.

        The claim ends unless `claimed_by` is among the changes. Raises Conflict if the row is no longer as
        `job` has it, ValueError for a transition that the table in `states.py` does not allow.
        """
        if not allowed(job.state, to):
            raise ValueError(f"job {job.id} can't go from {job.state} to {to}")
        now, wall = self._clock.now(), self._clock.wall()
        final = to in FINAL
        values: dict[str, Any] = {"claimed_by": None, "waits_for": None, "finished_at": wall if final else None}
        values |= {**changes, "state": to}

        def work(connection: Connection) -> Job | None:
            after = apply(connection, job, values, wall)
            if after is not None:
                add_transitions(connection, [(after, job.state, reason)], wall)
                if final and job.id in self._waited_for:
                    wake_twins(connection, job.id, now)
            return after

        after = self._writer.run(work)
        if after is None:
            raise Conflict(f"job {job.id} is no longer {job.state}: it was changed meanwhile")
        self._count([(job.folder, job.state, to)])
        _tell(after, job.state, reason)
        return after

    def amend(self, job: Job, **changes: Any) -> Job:
        """Change columns of `job` without a transition; the claim ends unless kept. Raises Conflict."""
        values = {"claimed_by": None, **changes}
        wall = self._clock.wall()
        after = self._writer.run(lambda connection: apply(connection, job, values, wall))
        if after is None:
            raise Conflict(f"job {job.id} was changed meanwhile")
        return after

    def settle_original(self, job: Job, fingerprint: str, sha256: str) -> tuple[Job, Job | None]:
        """Note what `job` is (bytes and request), and find the job that already stands for the same.

        Gives the row as it now is and that other job, or None if this one is to be paid for. Both in one
        transaction, so that of two equal files taken up together exactly one goes on. Keeps the claim.
        """
        wall = self._clock.wall()
        wanted = {"the_fingerprint": fingerprint, "own_id": job.id}

        def work(connection: Connection) -> tuple[Job | None, Job | None]:
            row = connection.execute(_ORIGINAL, wanted).mappings().first()
            original = None if row is None else job_of(row)
            if original is not None:
                self._waited_for.add(original.id)
            changes = {"sha256": sha256, "fingerprint": fingerprint, "twin_of": original and original.id}
            return apply(connection, job, changes, wall), original

        after, original = self._writer.run(work)
        if after is None:
            raise Conflict(f"job {job.id} was changed meanwhile")
        return after, original

    def release_held(self, code: str, folder: str | None = None) -> int:
        """Send every job that the condition `code` holds (in `folder`, or anywhere) on from where it stood."""
        query = SELECT_JOBS.where(UNFINISHED, JOBS.c.state == State.HELD, JOBS.c.error_code == code)
        if folder is not None:
            query = query.where(JOBS.c.folder == folder)
        now, wall = self._clock.now(), self._clock.wall()

        def changes(job: Job) -> dict[str, Any]:
            cleared = dict.fromkeys(("resume", "error_code", "error_message", "waits_for"))
            return {**cleared, "state": job.resume or State.QUEUED, "due_at": now}

        def work(connection: Connection) -> list[_Pair]:
            found = [job_of(row) for row in connection.execute(query).mappings()]
            return self._apply_all(connection, found, changes, f"{code}: tried again", wall)

        return len(self._run_pairs(work, f"{code}: tried again"))

    def note(self, key: str, value: Any) -> None:
        """Remember `value` (JSON) under `key`; None forgets it."""

        def work(connection: Connection) -> None:
            connection.execute(delete(NOTES).where(NOTES.c.key == key))
            if value is not None:
                connection.execute(insert(NOTES).values(key=key, value=value))

        self._writer.run(work)

    def prune(self, before: float) -> int:
        """Delete jobs that ended before `before`, with their history; give their number.

        Those whose source still lies in an inbox stay, or it would be taken in again. Deletes a few at a time, so
        that no other write waits long; writes nothing if there are none.
        """
        old = (
            select(JOBS.c.id, JOBS.c.folder, JOBS.c.state)
            .where(JOBS.c.put_away, not_(JOBS.c.in_inbox), JOBS.c.finished_at < before)
            .order_by(JOBS.c.id)
            .limit(_PRUNED_AT_ONCE)
        )
        total = 0
        while True:
            with self._reader.connect() as connection:
                if connection.execute(old).first() is None:
                    return total
            # Asked again by the writer: a person may have sent one of them on meanwhile.
            rows = self._writer.run(partial(_delete, wanted=old))
            with self._counts_lock:
                self.counts.subtract((row.folder, State(row.state)) for row in rows)
            total += len(rows)

    @staticmethod
    def _apply_all(
        connection: Connection,
        jobs: Iterable[Job],
        changes: Callable[[Job], dict[str, Any]],
        reason: str,
        wall: float,
    ) -> list[_Pair]:
        pairs = [(job, after) for job in jobs if (after := apply(connection, job, changes(job), wall))]
        moved = [(after, job.state, reason) for job, after in pairs if after.state != job.state]
        add_transitions(connection, moved, wall)
        return pairs

    def _run_pairs(self, work: Callable[[Connection], list[_Pair]], reason: str) -> list[Job]:
        pairs = self._writer.run(work)
        for before, after in pairs:
            if before.state is not after.state:
                _tell(after, before.state, reason)
        self._count((after.folder, before.state, after.state) for before, after in pairs)
        return [after for _, after in pairs]

    def _count(self, moves: Iterable[tuple[str, State | None, State]]) -> None:
        with self._counts_lock:
            for folder, before, after in moves:
                if before is not None:
                    self.counts[folder, before] -= 1
                self.counts[folder, after] += 1


def _delete(connection: Connection, wanted: Select[Any]) -> Sequence[Row[Any]]:
    rows = connection.execute(wanted).all()
    ids = [row.id for row in rows]
    connection.execute(delete(TRANSITIONS).where(TRANSITIONS.c.job_id.in_(ids)))
    connection.execute(delete(JOBS).where(JOBS.c.id.in_(ids)))
    return rows


def _tell(job: Job, before: State | None, reason: str) -> None:
    """Write the log line of a transition."""
    log.info(
        "job %d (%s/%s): %s → %s: %s", job.id, job.folder, shown(job.name), before or "new", job.state, reason
    )
