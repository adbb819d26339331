"""How many predictions may be in flight: the limit over all, and each folder's share."""

import threading
from collections import Counter
from collections.abc import Callable

from daemon.config import FolderRule
from daemon.states import IN_FLIGHT, State


class InFlight:
    """Places among the predictions in flight, by folder. Thread-safe.

    What is submitting or processing is counted from the table (`counts`); a place is kept besides for each job
    that was taken up for its submit and has not got there yet.
    """

    def __init__(self, counts: Callable[[], Counter[tuple[str, State]]], limit: Callable[[], int]) -> None:
        self._counts = counts
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: Counter[str] = Counter()

    def room(self, rule: FolderRule) -> int:
        """Give how many more of this folder's jobs may be taken up for their submit."""
        with self._lock:
            return self._room(rule)

    def take(self, rule: FolderRule) -> bool:
        """Keep a place for one job; True if there was one."""
        with self._lock:
            if self._room(rule) < 1:
                return False
            self._kept[rule.name] += 1
            return True

    def give_back(self, folder: str) -> None:
        """Give a kept place back: the job is in the table as submitting by now, or it did not get there."""
        with self._lock:
            self._kept[folder] -= 1

    def _room(self, rule: FolderRule) -> int:
        counts = self._counts()
        flying = sum(count for (_, state), count in counts.copy().items() if state in IN_FLIGHT)
        room = self._limit() - flying - self._kept.total()
        if rule.in_flight is not None:
            own = sum(counts.get((rule.name, state), 0) for state in IN_FLIGHT)
            room = min(room, rule.in_flight - own - self._kept[rule.name])
        return room
