"""How many calls of one kind to one model may be under way at once. Pure: times and chances are arguments.

The API limits the rate per account and per model and sends no header that tells the limit (errors page), so
it is found by trying: one more with each window's worth of calls that went well, half as many after a 429 or
503. After a failure of any kind, and until a call goes well again, calls go out one at a time, and with each
further failure the pause before the next one doubles: an API that is out is not stormed by all who wait for it.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from enum import Enum

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
#: Over all keys, calls that follow a failure start so many seconds apart at least.
TRIAL_INTERVAL = 0.2


class Outcome(Enum):
    """How a call ended, as far as pacing is concerned."""

    GOOD = "good"  # answered
    LIMITED = "limited"  # 429 or 503
    BROKEN = "broken"  # no answer, or one that only a service in trouble gives
    OTHER = "other"  # says nothing about the other side


@dataclass(frozen=True, slots=True)
class Window:
    """How many at once, between `floor` and `ceiling`, and until when none at all (seconds since the epoch)."""

    limit: float
    ceiling: float
    floor: float = 1.0
    blocked_until: float = -math.inf
    failed_at: float = -math.inf
    failures: int = 0  # in a row; those of calls that were under way together count as one

    @property
    def at_once(self) -> int:
        """How many may be under way: a single one while it is not known that the trouble is over."""
        return 1 if self.failures else math.floor(self.limit)

    def grown(self) -> "Window":
        """Give the window after a call that went well: one more for each `limit` of these."""
        return replace(self, limit=min(self.ceiling, self.limit + 1 / self.limit), failures=0)

    def shrunk(self, now: float, began: float, chance: float, after: float | None = None) -> "Window":
        """Give the window after a refusal at `now` of a call that began at `began`: half, and a pause.

        The pause is `after` seconds where the API asks for that, else one that doubles with each failure in a
        row; `chance`, uniform in [0, 1), picks from its upper half.
        """
        if began < self.failed_at:  # under way together with one that failed already
            asked = self.blocked_until if after is None else now + after
            return replace(self, blocked_until=max(self.blocked_until, asked))
        pause = _pause(self.failures, chance) if after is None else after
        return replace(self._failed(now, pause), limit=max(self.floor, self.limit / 2))

    def broken(self, now: float, began: float, chance: float) -> "Window":
        """Give the window after a call that broke: one at a time, and from the second failure on a pause."""
        if began < self.failed_at:
            return self
        return self._failed(now, _pause(self.failures - 1, chance) if self.failures else 0.0)

    def _failed(self, now: float, pause: float) -> "Window":
        until = max(self.blocked_until, now + pause)
        return replace(self, blocked_until=until, failed_at=now, failures=self.failures + 1)


def _pause(failures: int, chance: float) -> float:
    return (0.5 + 0.5 * chance) * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 16))


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
        self._ended: Counter[tuple[Hashable, Outcome]] = Counter()
        self._wanted: set[Hashable] = set()  # keys for which there was no room since the last call ended
        self._next_trial = -math.inf

    def window(self, key: Hashable) -> Window:
        """Give the present window of a key."""
        return self._windows.get(key) or Window(self._ceiling, self._ceiling)

    def room(self, key: Hashable, now: float, wanted: int) -> int:
        """Give how many of `wanted` more calls the window of a key has room for at `now`."""
        with self._lock:
            room = min(wanted, self._room(key, now))
            if room < wanted:
                self._wanted.add(key)
            return room

    def _room(self, key: Hashable, now: float) -> int:
        window = self.window(key)
        if now < window.blocked_until:
            return 0
        return max(0, window.at_once - self._under_way.get(key, 0))

    def admit(self, key: Hashable, now: float) -> bool:
        """Tell whether one more call may start at `now`; if so, it is counted until its `release`."""
        with self._lock:
            if not self._room(key, now):
                self._wanted.add(key)
                return False
            if self.window(key).failures:
                if now < self._next_trial:
                    return False
                self._next_trial = now + TRIAL_INTERVAL
            self._under_way[key] = self._under_way.get(key, 0) + 1
            return True

    def release(
        self, key: Hashable, outcome: Outcome, now: float, *, began: float, after: float | None = None
    ) -> bool:
        """Note how a call that began at `began` ended at `now`; `after`: the pause that a refusal asked for.

        Tells whether to look for work again when `opens_at` has come: others wait for its place, or a pause began.
        """
        with self._lock:
            window = self.window(key)
            self._under_way[key] = max(0, self._under_way.get(key, 0) - 1)
            self._ended[key, outcome] += 1
            if outcome is Outcome.GOOD:
                self._windows[key] = window.grown()
            elif outcome is Outcome.LIMITED:
                self._windows[key] = window.shrunk(now, began, self._chance(), after)
            elif outcome is Outcome.BROKEN:
                self._windows[key] = window.broken(now, began, self._chance())
            waited_for = key in self._wanted
            self._wanted.discard(key)
            return waited_for or now < self.window(key).blocked_until

    def ended(self) -> Counter[tuple[Hashable, Outcome]]:
        """Give how many calls ended how, by key and outcome."""
        with self._lock:
            return self._ended.copy()

    def lift(self) -> None:
        """End every pause: a person has changed something. The next call of each key is still a trial."""
        with self._lock:
            for key, window in self._windows.items():
                self._windows[key] = replace(window, blocked_until=-math.inf, failures=min(window.failures, 1))

    def opens_next(self, now: float) -> float | None:
        """Give the earliest time after `now` at which a pause of any key ends, or None if there is none."""
        with self._lock:
            pauses = [window.blocked_until for window in self._windows.values() if window.blocked_until > now]
        return min(pauses, default=None)

    def opens_at(self, key: Hashable) -> float:
        """Give the time before which `admit` says no in any case, in seconds since the epoch (or -inf)."""
        with self._lock:
            return self.window(key).blocked_until
