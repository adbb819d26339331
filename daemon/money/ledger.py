"""What was spent on each UTC day, by folder: kept in memory by the daemon's own writes, and made from the table.

What is about to be sent is taken from the ledger before its intent is written, under one lock, so that two submits
never both get the last dollar. A kill loses nothing of it: the next start makes it from the rows, in which each
intent has its estimate. Amounts are millionths of a dollar.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from daemon.money.amounts import counted, day_of
from daemon.states import Job


class Ledger:
    """Amounts by day and folder. Thread-safe. `load` gives those of a day from the table, once per day.

    Rows of a day are only made by what took from that day before, so whatever `load` finds on the first question
    was there before, and nothing is counted twice.
    """

    def __init__(self, load: Callable[[int], Mapping[str, int]]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._days: dict[int, Counter[str]] = {}

    def spent(self, day: int) -> dict[str, int]:
        """Give what each folder spent on this day."""
        with self._lock:
            return dict(self._of(day))

    def take(
        self, day: int, folder: str, amount: int, *, most: int | None = None, most_in_folder: int | None = None
    ) -> str | None:
        """Take what is about to be spent; None if there was room, else nothing is taken and the scope is given.

        The scope is the folder's name where its own limit is reached, "" for that over all.
        """
        with self._lock:
            spent = self._of(day)
            if not _room(spent.total(), amount, most):
                return ""
            if not _room(spent[folder], amount, most_in_folder):
                return folder
            spent[folder] += amount
            return None

    def add(self, day: int, folder: str, amount: int) -> None:
        """Count something more (or, negative, less) on a day that is known; else the table tells of it later."""
        with self._lock:
            if day in self._days:
                self._days[day][folder] += amount

    def follow(self, before: Job, after: Job) -> None:
        """Follow a row that was paid for: its cost became known, or it was not accepted after all."""
        if before.spent_at is not None:
            change = counted(after) - counted(before)
            if change:
                self.add(day_of(before.spent_at), before.folder, change)

    def _of(self, day: int) -> Counter[str]:
        if day not in self._days:
            self._days[day] = Counter(self._load(day))
        return self._days[day]


def _room(spent: int, amount: int, most: int | None) -> bool:
    """Tell whether an amount fits; where everything is spent, not even one that is not known does."""
    return most is None or (spent + amount <= most and spent < most)
