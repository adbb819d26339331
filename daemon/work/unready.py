"""Writes down that predictions are not ready yet, many with one transaction.

Nothing is lost by writing it a moment later: a kill in between leaves rows that are due, so that they are asked
for once more. With thousands in flight these would else be most of all commits.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from daemon.states import Job
from daemon.table.store import Store
from daemon.work.persist import Persist
from daemon.work.pool import Pool

log = logging.getLogger(__name__)

#: Jobs that are written together at most, and seconds for which the first of them waits for others.
_AT_ONCE, _LINGER = 200, 0.05
#: Seconds; what is due sooner is written at once.
SOON = 0.2


class Unready:
    """A pool of one thread for it. `later` is told when the rows are due, once they can be claimed again."""

    def __init__(self, store: Store, persist: Persist, later: Callable[[float], None]) -> None:
        self._store = store
        self._persist = persist
        self._later = later
        self._changes: dict[int, Mapping[str, Any]] = {}
        self.pool = Pool("unready", 1, lambda _: [], self._write, at_once=_AT_ONCE, linger=_LINGER)

    def take(self, row: Job, changes: Mapping[str, Any]) -> bool:
        """Take what is to be written of a claimed row; False if there is no room for it."""
        if not self.pool.reserve():
            return False
        self._changes[row.id] = changes
        self.pool.put(row)
        return True

    def _write(self, jobs: list[Job]) -> None:
        wanted = [(job, self._changes.pop(job.id)) for job in jobs]
        try:
            self._persist(jobs[0], lambda: self._store.write_all(wanted))
        except Exception:
            log.exception("that %d predictions are not ready could not be recorded", len(jobs))
        self._later(min(changes["due_at"] for _, changes in wanted))
