"""Reading the job table: what commands and the daemon ask of it, without ever writing."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from daemon.clock import Clock
from daemon.money.amounts import DAY, MICRO, Spending, day_of, micros
from daemon.states import FINAL, Job, State, Transition
from daemon.table.database import reading_engine
from daemon.table.rows import (
    JOBS,
    LIVE,
    NOTES,
    SELECT_JOBS,
    TRANSITIONS,
    UNFINISHED,
    job_of,
    original_of,
    spending,
)

_EARLIEST = select(func.min(JOBS.c.due_at)).where(
    UNFINISHED,
    JOBS.c.state == bindparam("in_state"),
    JOBS.c.folder == bindparam("in_folder"),
    JOBS.c.due_at > bindparam("now"),
    JOBS.c.claimed_by.is_(None),
)


_MOVING = tuple(state for state in State if state not in FINAL and state is not State.HELD)


class Queries:
    """Answers from the job table at a SQLAlchemy URL. Every method may be called from any thread.

    `counts` holds the number of jobs by (folder, state).
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self._clock = clock
        self._reader = reading_engine(url)
        self._counts_lock = threading.Lock()
        self.counts: Counter[tuple[str, State]] = Counter()
        self.recount()

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()

    def find(self, job_id: int) -> Job | None:
        """Give the job with this id, or None."""
        found = self._read(SELECT_JOBS.where(JOBS.c.id == job_id))
        return found[0] if found else None

    def listed(
        self,
        *,
        state: State | None = None,
        folder: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """Give jobs, newest first; with `before`, those older than the job of that id."""
        query = SELECT_JOBS.order_by(JOBS.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(JOBS.c.state == state)
        if folder is not None:
            query = query.where(JOBS.c.folder == folder)
        if before is not None:
            query = query.where(JOBS.c.id < before)
        return self._read(query)

    def newest(
        self, states: Collection[State], folder: str | None = None, *, before: int | None = None, limit: int
    ) -> list[Job]:
        """Give jobs in any of `states` (of `folder`), newest first; with `before`, those older than that id.

        As quick on a long table as on a short one: the index on state and folder is asked for each pair of them.
        """
        pairs = [
            (at, state)
            for (at, state), count in list(self.counts.items())
            if count > 0 and state in states and folder in {None, at}
        ]
        found = [
            job for at, state in pairs for job in self.listed(state=state, folder=at, before=before, limit=limit)
        ]
        return sorted(found, key=lambda job: job.id, reverse=True)[:limit]

    def number_held(self, code: str, folder: str) -> int:
        """Give how many jobs of a folder the condition `code` holds."""
        query = select(func.count()).where(
            UNFINISHED, JOBS.c.state == State.HELD, JOBS.c.folder == folder, JOBS.c.error_code == code
        )
        with self._reader.connect() as connection:
            number: int = connection.execute(query).scalar_one()
            return number

    def original_of(self, job_id: int, fingerprint: str) -> Job | None:
        """Give the job that stands for the same bytes and request as the job `job_id`, or None."""
        with self._reader.connect() as connection:
            return original_of(connection, job_id, fingerprint)

    def to_put_away(self, limit: int) -> list[Job]:
        """Give final jobs whose source and temporary files are still to be dealt with, oldest first."""
        query = SELECT_JOBS.where(
            UNFINISHED,
            JOBS.c.state.in_(list(FINAL)),
            JOBS.c.claimed_by.is_(None),
            JOBS.c.due_at <= self._clock.now(),
        )
        return self._read(query.order_by(JOBS.c.id).limit(limit))

    def known(self, folder: str, sources: Iterable[str]) -> dict[str, set[str]]:
        """Give, for those of `sources` (paths) that are live in `folder`, the identities they are known by."""
        found: dict[str, set[str]] = {}
        wanted = list(sources)
        with self._reader.connect() as connection:
            for start in range(0, len(wanted), 500):
                some = wanted[start : start + 500]
                query = select(JOBS.c.source, JOBS.c.identity).where(
                    LIVE, JOBS.c.source.in_(some), JOBS.c.folder == folder
                )
                for source, identity in connection.execute(query):
                    found.setdefault(source, set()).add(identity)
        return found

    def live(self, folder: str, source: str, identity: str) -> Job | None:
        """Give the job that a file in an inbox is, if it is one."""
        query = SELECT_JOBS.where(
            LIVE, JOBS.c.source == source, JOBS.c.folder == folder, JOBS.c.identity == identity
        )
        found = self._read(query)
        return found[0] if found else None

    def history(self, job_id: int) -> list[Transition]:
        """Give the transitions of a job, oldest first."""
        query = select(TRANSITIONS).where(TRANSITIONS.c.job_id == job_id).order_by(TRANSITIONS.c.id)
        with self._reader.connect() as connection:
            return [
                Transition(
                    row.job_id, row.at, State(row.before) if row.before else None, State(row.after), row.reason
                )
                for row in connection.execute(query)
            ]

    def still_moving(self, folder: str, stopped: Collection[State]) -> bool:
        """Tell whether a job of `folder` goes on by itself, now or later: not held, and in no `stopped` state.

        A queued twin that waits for another job's end does not count: it moves when that one does.
        """
        moving = [state for state in _MOVING if state not in stopped and self.counts[folder, state]]
        if not moving:
            return False
        query = (
            select(JOBS.c.id)
            .where(UNFINISHED, JOBS.c.folder == folder, JOBS.c.state.in_(moving))
            .where(or_(JOBS.c.state != State.QUEUED, JOBS.c.twin_of.is_(None)))
            .limit(1)
        )
        with self._reader.connect() as connection:
            return connection.execute(query).first() is not None

    def next_due(self, states: Iterable[State], *, after: float) -> float | None:
        """Give the earliest time after `after` at which an unclaimed row in one of `states` is due, or None."""
        wanted = set(states)
        with self._reader.connect() as connection:
            due = [
                self._earliest(connection, folder, state, after)
                for (folder, state), count in list(self.counts.items())
                if count and state in wanted
            ]
        return min((at for at in due if at is not None), default=None)

    @staticmethod
    def _earliest(connection: Connection, folder: str, state: State, now: float) -> float | None:
        wanted = {"in_state": state, "in_folder": folder, "now": now}
        earliest: float | None = connection.execute(_EARLIEST, wanted).scalar()
        return earliest

    def waited_for(self) -> set[int]:
        """Give the jobs for whose end a queued one waits."""
        query = select(JOBS.c.twin_of).where(UNFINISHED, JOBS.c.state == State.QUEUED, JOBS.c.twin_of.is_not(None))
        with self._reader.connect() as connection:
            return {row[0] for row in connection.execute(query)}

    def ended_since(self, at: float) -> dict[tuple[str, State], int]:
        """Give how many jobs ended at or after `at` (seconds since the epoch), by folder and state."""
        query = select(JOBS.c.folder, JOBS.c.state, func.count()).where(JOBS.c.finished_at >= at)
        with self._reader.connect() as connection:
            rows = connection.execute(query.group_by(JOBS.c.folder, JOBS.c.state)).all()
        return {(row[0], State(row[1])): row[2] for row in rows}

    def spending(self, start: float, end: float) -> list[Spending]:
        """Give what was spent from `start` until before `end` (seconds since the epoch), by folder and model."""
        with self._reader.connect() as connection:
            return spending(connection, start, end)

    def spent_on(self, day: int) -> Counter[str]:
        """Give what each folder spent on the UTC day of this number, in millionths of a dollar."""
        spent: Counter[str] = Counter()
        for each in self.spending(day * DAY, (day + 1) * DAY):
            spent[each.folder] += micros(each.counted)
        return spent

    def unpriced_today(self) -> int:
        """Give how many payments since midnight UTC have neither a cost nor an estimate."""
        day = day_of(self._clock.wall())
        return sum(each.unpriced for each in self.spending(day * DAY, (day + 1) * DAY))

    def spent_today(self) -> dict[str, float]:
        """Give what each folder spent since midnight UTC, in USD: costs as far as they are known, else floors."""
        spent = self.spent_on(day_of(self._clock.wall()))
        return {folder: amount / MICRO for folder, amount in spent.items()}

    def came_since(self, wall: float, most: int = 10_000) -> list[tuple[str, float]]:
        """Give (folder, time) of the jobs made since `wall`, oldest first; of the latest `most` jobs, no more.

        Jobs are made in the order of their ids, so that no index on the time is needed.
        """
        latest = select(JOBS.c.folder, JOBS.c.created_at).order_by(JOBS.c.id.desc()).limit(most)
        with self._reader.connect() as connection:
            rows = connection.execute(latest).all()
        return [(row.folder, row.created_at) for row in reversed(rows) if row.created_at >= wall]

    def notes(self, prefix: str) -> dict[str, Any]:
        """Give all that is remembered under keys that begin with `prefix`."""
        query = select(NOTES.c.key, NOTES.c.value).where(NOTES.c.key.startswith(prefix, autoescape=True))
        with self._reader.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def any_in(self, state: State) -> bool:
        """Tell whether there is a job in this state, by `counts`."""
        return any(count for (_, each), count in list(self.counts.items()) if each is state)

    def count_in(self, states: Collection[State]) -> int:
        """Give how many jobs are in one of these states, by `counts`."""
        return sum(count for (_, each), count in list(self.counts.items()) if each in states)

    def recount(self) -> None:
        """Make `counts` anew from the table."""
        query = select(JOBS.c.folder, JOBS.c.state, func.count()).group_by(JOBS.c.state, JOBS.c.folder)
        with self._counts_lock, self._reader.connect() as connection:
            rows = connection.execute(query).all()
            self.counts = Counter({(row[0], State(row[1])): row[2] for row in rows})

    def _read(self, query: Any) -> list[Job]:
        with self._reader.connect() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]
