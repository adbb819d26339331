"""What tests of all parts share."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds for anything at all: a machine that is busy with other things is slow, and only a test that fails waits
#: as long as it may.
_LEAST = 40.0


def wait_for(condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """Call `condition` until it gives something true, and return that.

    Raises AssertionError, with `what` was waited for, when `timeout` seconds have passed, and no fewer than 40.
    """
    deadline = time.monotonic() + max(timeout, _LEAST)
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {max(timeout, _LEAST):.0f} s in vain for {what or condition}")
        time.sleep(0.01)
