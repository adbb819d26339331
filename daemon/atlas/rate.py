"""How many calls may start within a second. Pure: times are arguments."""

import threading


class Rate:
    """At most `per_second` calls in the long run, and so many at once as come up in a quarter of a second.

    Times are seconds of one clock that never jumps. Thread-safe.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second / 4)
        self._left = self._most
        self._at: float | None = None
        self._lock = threading.Lock()

    def take(self, wanted: int, now: float) -> int:
        """Take room for up to `wanted` calls; give for how many there was some."""
        with self._lock:
            passed = 0.0 if self._at is None else max(0.0, now - self._at)
            self._left, self._at = min(self._most, self._left + passed * self._per_second), now
            taken = min(wanted, int(self._left))
            self._left -= taken
            return taken

    def give_back(self, unused: int) -> None:
        """Give back room that was taken for calls which are not made."""
        with self._lock:
            self._left = min(self._most, self._left + unused)
