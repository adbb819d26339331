"""How many calls of one kind to one model may be under way at once. Pure: times and chances are arguments.

The API limits the rate per account and per model and sends no header that tells the limit (errors page), so
it is found by trying: one more with each window's worth of calls that went well, half as many after a 429 or
503.
"""

import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from enum import Enum

#: Seconds in which several refusals count as one: those that were under way together are refused together.
SHRINK_INTERVAL = 2.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0


class Outcome(Enum):
    """How a call ended, as far as pacing is concerned."""

    GOOD = "good"  # answered
    LIMITED = "limited"  # 429 or 503
    OTHER = "other"  # says nothing about the rate


@dataclass(frozen=True, slots=True)
class Window:
    """How many at once, between `floor` and `ceiling`, and until when none at all (seconds since the epoch)."""

    limit: float
    ceiling: float
    floor: float = 1.0
    blocked_until: float = -math.inf
    shrunk_at: float = -math.inf
    refusals: int = 0  # in a row

    def grown(self) -> "Window":
        """Give the window after a call that went well: one more for each `limit` of these."""
        return replace(self, limit=min(self.ceiling, self.limit + 1 / self.limit), refusals=0)

    def shrunk(self, now: float, chance: float, after: float | None = None) -> "Window":
        """Give the window after a refusal at `now`: half, and a pause.

        The pause is `after` seconds where the API asks for that, else up to a ceiling that doubles with each
        refusal in a row; `chance`, uniform in [0, 1), picks from it (full jitter).
        """
        if now - self.shrunk_at < SHRINK_INTERVAL:
            until = now + after if after is not None else self.blocked_until
            return replace(self, blocked_until=max(self.blocked_until, until))
        pause = (
            chance * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.refusals, 16)) if after is None else after
        )
        return replace(
            self,
            limit=max(self.floor, self.limit / 2),
            blocked_until=max(self.blocked_until, now + pause),
            shrunk_at=now,
            refusals=self.refusals + 1,
        )


class Pacing:
    """The windows by key (call, model), and how many are under way in each. Thread-safe.

    `ceiling`: the most at once for a key, which is also where each begins; `chance` gives uniform numbers in
    [0, 1).
    """

    def __init__(self, ceiling: float, chance: Callable[[], float]) -> None:
        self._ceiling = max(1.0, ceiling)
        self._chance = chance
        self._lock = threading.Lock()
        self._windows: dict[Hashable, Window] = {}
        self._under_way: dict[Hashable, int] = {}

    def window(self, key: Hashable) -> Window:
        """Give the present window of a key."""
        return self._windows.get(key) or Window(self._ceiling, self._ceiling)

    def admit(self, key: Hashable, now: float) -> bool:
        """Tell whether one more call may start at `now`; if so, it is counted until its `release`."""
        with self._lock:
            window, count = self.window(key), self._under_way.get(key, 0)
            if now < window.blocked_until or count >= math.floor(window.limit):
                return False
            self._under_way[key] = count + 1
            return True

    def release(self, key: Hashable, outcome: Outcome, now: float, after: float | None = None) -> None:
        """Note how an admitted call ended at `now`; `after`: the pause that its refusal asked for, in seconds."""
        with self._lock:
            self._under_way[key] = max(0, self._under_way.get(key, 0) - 1)
            if outcome is Outcome.GOOD:
                self._windows[key] = self.window(key).grown()
            elif outcome is Outcome.LIMITED:
                self._windows[key] = self.window(key).shrunk(now, self._chance(), after)

    def opens_next(self, now: float) -> float | None:
        """Give the earliest time after `now` at which a pause of any key ends, or None if there is none."""
        with self._lock:
            pauses = [window.blocked_until for window in self._windows.values() if window.blocked_until > now]
        return min(pauses, default=None)

    def opens_at(self, key: Hashable) -> float:
        """Give the time before which `admit` says no in any case, in seconds since the epoch (or -inf)."""
        with self._lock:
            return self.window(key).blocked_until
