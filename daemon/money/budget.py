"""The daily budgets, over all and by folder: whether the next job fits, and what it takes from them.

A job counts with the floor of its price until the API tells its cost. One whose price is not known counts nothing,
which is said once; where everything is spent it does not go out either.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Blocked
from daemon.money.amounts import MICRO, at_least, day_of, dollars, end_of_day, estimate, micros
from daemon.money.ledger import Ledger

log = logging.getLogger(__name__)

#: Gives the price of a model in USD per output, a floor, or None; must answer at once.
Prices = Callable[[str], float | None]
_RAISED = "daily_budget_usd is raised and the configuration reloaded"


@dataclass(slots=True)
class Taken:
    """What was taken from the budgets for one submit. Unless `kept` is set in the end, it is given back.

    `changes` are for the row, with the intent: when it was spent (wall clock) and what it costs at least (USD).
    """

    changes: Mapping[str, Any]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What did not fit: how much it was (millionths of a dollar), on which day, and under which settings."""

    amount: int
    day: int
    settings: Settings


class Budget:
    """Takes what submits cost from the ledger. Thread-safe. `settings` gives the configuration in force."""

    def __init__(self, ledger: Ledger, prices: Prices, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._ledger = ledger
        self._prices = prices
        self._clock = clock
        self._settings = settings
        self._unpriced: set[str] = set()
        #: By scope: with less room it stays closed.
        self._wanted: dict[str, _Wanted] = {}

    def estimate(self, model: str, body: Mapping[str, Any]) -> float | None:
        """Give the least that a request costs in USD; None where the model's price is not known."""
        return estimate(self._prices(model), body)

    @contextlib.contextmanager
    def taken(self, rule: FolderRule, body: Mapping[str, Any]) -> Iterator[Taken]:
        """Take the floor of what `body` costs, if it fits; raises Blocked(`budget`) where it does not."""
        usd, wall = self.estimate(rule.model, body), self._clock.wall()
        limits = self.limits(rule.name)
        if usd is None and any(each is not None for each in limits):
            self._say_unpriced(rule.model)
        amount, day = micros(usd or 0.0), day_of(wall)
        scope = self._ledger.take(day, rule.name, amount, most=limits[0], most_in_folder=limits[1])
        if scope is not None:
            if limits[0] is not None and amount > limits[0]:
                scope = rule.name  # no day has room for it: the other folders need not wait
            self._wanted[scope] = _Wanted(amount, day, self._settings())
            why = self.reached(scope) or "the daily budget is reached"
            raise Blocked(why, code="budget", scope=scope)
        taken = Taken({"spent_at": wall, "estimate_usd": usd, "cost_usd": None})
        try:
            yield taken
        finally:
            if not taken.kept:
                self._ledger.add(day, rule.name, -amount)

    def limits(self, folder: str) -> tuple[int | None, int | None]:
        """Give the budgets of a day over all and of this folder, in millionths of a dollar."""
        settings = self._settings()
        rule = settings.folders.get(folder)
        own = None if rule is None else rule.daily_budget_usd
        return _micros(settings.limits.daily_budget_usd), _micros(own)

    def reached(self, scope: str) -> str | None:
        """Say that the budget of a folder (or over all: "") has no room for what did not fit; None if it has."""
        over_all, own = self.limits(scope)
        limit, wall = own if scope else over_all, self._clock.wall()
        wanted = self._wanted_in(scope, day_of(wall))
        for whole, whose in ((over_all, "the whole daily budget"), (limit, f"that of the folder {scope}")):
            if whole is not None and wanted > whole:
                more = f"{at_least(wanted / MICRO)}, more than {whose}, {dollars(whole / MICRO)}"
                ways = f"{_RAISED}, or `hotfolder cancel` drops the job that is held for it"
                return f"the next job costs {more}: it goes on when {ways}"
        if limit is None:
            return None
        by_folder = self._ledger.spent(day_of(wall))
        spent = by_folder.get(scope, 0) if scope else sum(by_folder.values())
        if spent < limit and spent + wanted <= limit:
            return None
        whose = f"the daily budget of the folder {scope}" if scope else "the daily budget"
        next_one = f", and the next job costs {at_least(wanted / MICRO)}" if spent < limit else ""
        return (
            f"{whose}, {dollars(limit / MICRO)}, is reached: {at_least(spent / MICRO)} spent today{next_one}; "
            f"it goes on at {end_of_day(wall)}, or when {_RAISED}"
        )

    def forget(self, scope: str) -> None:
        """Forget what did not fit: nobody waits for it any more."""
        self._wanted.pop(scope, None)

    def spent_today(self) -> dict[str, float]:
        """Give what each folder spent since midnight UTC, in USD: costs as far as they are known, else floors."""
        today = self._ledger.spent(day_of(self._clock.wall()))
        return {folder: amount / MICRO for folder, amount in today.items()}

    def _wanted_in(self, scope: str, day: int) -> int:
        """Give what did not fit; nothing on another day or under other settings: it may be another amount."""
        found = self._wanted.get(scope)
        return 0 if found is None or found.day != day or found.settings is not self._settings() else found.amount

    def _say_unpriced(self, model: str) -> None:
        if model not in self._unpriced:
            self._unpriced.add(model)
            log.warning("the price of %s is not known, so no budget counts what it costs", model)


def _micros(usd: float | None) -> int | None:
    return None if usd is None else micros(usd)
