"""What the API said last of the account's balance: asked now and then, and only while something is done."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from daemon.atlas.wire import Balance
from daemon.clock import Clock, timestamp
from daemon.errors import HotfolderError
from daemon.events import BalanceKnown, Events
from daemon.states import State

#: Seconds between two questions.
ASKED_EVERY = 300.0

log = logging.getLogger(__name__)


class Account:
    """`balance` asks the API, `counts` gives the jobs by folder and state; whoever listens is told the answer."""

    def __init__(
        self,
        balance: Callable[[], Balance],
        counts: Callable[[], Counter[tuple[str, State]]],
        events: Events,
        clock: Clock,
    ) -> None:
        self._balance = balance
        self._counts = counts
        self._events = events
        self._clock = clock
        self._asked_with: Counter[tuple[str, State]] | None = None
        self._known: tuple[float, float] | None = None

    def look(self) -> None:
        """Ask, unless nothing has moved since the last time. What goes wrong is told by the jobs that meet it."""
        counts = self._counts().copy()
        if counts == self._asked_with:
            return
        try:
            balance = self._balance()
        except HotfolderError as error:
            log.debug("the balance can't be had just now: %s", error)
            return
        self._asked_with = counts
        if balance.currency != "usd":  # no amount here is in another
            return
        self._known = (float(balance.available), self._clock.wall())
        self._events.publish(BalanceKnown(float(balance.available)))

    def fields(self) -> dict[str, Any] | None:
        """Give what `status --json` tells of it: the amount, and when it was asked; None while it is not known."""
        known = self._known
        return None if known is None else {"usd": known[0], "asked_at": timestamp(known[1])}
