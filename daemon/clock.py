"""The two times that the daemon lives by: one that never jumps, for timers, and the wall clock, for people."""

import datetime as dt
import time


class Clock:
    """Seconds since the epoch, read once from the wall clock and carried on by the boot-time clock.

    A wall clock that is set forward or back while the daemon runs must neither fire every timer at once nor
    stop them for hours. CLOCK_BOOTTIME goes on while the machine sleeps (clock_gettime(2)), so a laptop's
    deadlines pass as its user expects.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def now(self) -> float:
        """Give the present time in seconds since the epoch, without jumps; for everything that is due."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) + self._offset

    @staticmethod
    def wall() -> float:
        """Give the wall clock's time in seconds since the epoch; for what people read."""
        return time.time()


def timestamp(seconds: float | None) -> str | None:
    """Give seconds since the epoch as RFC 3339 in UTC, or None."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
