"""The messages that wait for one address: tried again with growing pauses, given up after a day. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from daemon.notify.words import Message
from daemon.retry import pause

#: Messages that wait for one address at most; then the oldest is let go.
MOST = 50
#: Seconds after which what a message says is no news any more.
STALE = 86400.0
_FIRST_PAUSE = 10.0
_LONGEST_PAUSE = 900.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and when it was written (seconds that never jump)."""

    message: Message
    at: float


class Post:
    """What waits for one address. Not thread-safe; times are seconds that never jump."""

    def __init__(self, waiting: Iterable[Letter] = ()) -> None:
        self.waiting = deque(waiting, MOST)
        self.failures = 0
        self._next_at = 0.0

    def put(self, message: Message, now: float) -> None:
        """Add a message; of too many the oldest goes."""
        self.waiting.append(Letter(message, now))

    def next(self) -> float | None:
        """Give the time at which to try, or None if nothing waits."""
        return self._next_at if self.waiting else None

    def due(self, now: float) -> Letter | None:
        """Give the message that is to be tried now, if any; those that are stale are let go."""
        while self.waiting and now - self.waiting[0].at > STALE:
            self.waiting.popleft()
        return self.waiting[0] if self.waiting and now >= self._next_at else None

    def sent(self, letter: Letter) -> bool:
        """Note that a message arrived; tell whether some had failed before."""
        if self.waiting and self.waiting[0] is letter:
            self.waiting.popleft()
        recovered, self.failures, self._next_at = self.failures > 0, 0, 0.0
        return recovered

    def failed(self, now: float, chance: float) -> bool:
        """Note that a message did not arrive; tell whether that is news."""
        self.failures += 1
        self._next_at = now + pause(self.failures, chance, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        return self.failures == 1
