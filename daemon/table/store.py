"""The job table: on top of the writes of single rows, claims and whatever else concerns many rows at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, not_, select, update

from daemon.errors import Conflict
from daemon.states import Job, State, Transition
from daemon.table.rows import (
    JOBS,
    NOTES,
    SELECT_JOBS,
    UNFINISHED,
    add_transitions,
    apply,
    delete_jobs,
    job_of,
)
from daemon.table.writes import Writes

_CLAIMABLE = SELECT_JOBS.where(
    UNFINISHED,
    JOBS.c.state == bindparam("in_state"),
    JOBS.c.folder == bindparam("in_folder"),
    JOBS.c.due_at <= bindparam("now"),
    JOBS.c.claimed_by.is_(None),
).limit(bindparam("most"))
_OLDEST = _CLAIMABLE.order_by(JOBS.c.due_at)
_NEWEST = _CLAIMABLE.order_by(JOBS.c.due_at.desc())

_PRUNED_AT_ONCE = 500

#: A job as it was and as it is.
_Pair = tuple[Job, Job]


class Store(Writes):
    """The job table as the daemon uses it."""

    def end_leases(self, longest_wait: float) -> None:
        """Free every claimed row; only for who holds the state directory's lock, so the claimants are dead.

        Where the wall clock is behind, what they wrote is due in the future: an intent whose sender is dead is
        made due now, so that it is found at the start, and no other row waits more than `longest_wait` seconds.
        """
        now = self._clock.now()
        latest = case((JOBS.c.state == State.SUBMITTING, now), else_=now + longest_wait)

        def work(connection: Connection) -> None:
            claimed = update(JOBS).where(UNFINISHED, JOBS.c.claimed_by.is_not(None))
            connection.execute(claimed.values(claimed_by=None))
            connection.execute(update(JOBS).where(UNFINISHED, JOBS.c.due_at > latest).values(due_at=latest))

        self._writer.run(work)

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
            rows = self._writer.run(partial(delete_jobs, wanted=old))
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
        moved = [
            Transition(job.id, wall, job.state, after.state, reason)
            for job, after in pairs
            if after.state != job.state
        ]
        add_transitions(connection, moved)
        return pairs

    def _run_pairs(self, work: Callable[[Connection], list[_Pair]], reason: str) -> list[Job]:
        pairs = self._writer.run(work)
        self._count((after.folder, before.state, after.state) for before, after in pairs)
        for before, after in pairs:
            if before.state is not after.state:
                self._tell(after, Transition(after.id, after.updated_at, before.state, after.state, reason))
        return [after for _, after in pairs]
