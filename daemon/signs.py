"""Signs of life: each thread at work says when it last got on, and until when its silence is explained.

A thread that waits for the API is silent until the call's own deadline, which ends the call; one that writes a
large file to the disk for as long as a slow disk needs. What is silent beyond that hangs. The steps say it
themselves (`beat`, `silent_until`); in a thread that has not adopted a sign, as in a command, that does nothing.
"""

import threading
import time
from collections.abc import Iterable

#: Seconds of silence after which a loop is taken for hung, unless the service manager says else.
HUNG = 60.0


class Sign:
    """One thread's last sign of life, by time.monotonic(); in the future while its silence is explained."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = time.monotonic()


class _Own(threading.local):
    sign: Sign | None = None


_own = _Own()


def adopt(sign: Sign) -> None:
    """Let this thread's signs go into `sign` from now on."""
    _own.sign = sign
    sign.at = time.monotonic()


def beat() -> None:
    """Say that this thread gets on."""
    sign = _own.sign
    if sign is not None:
        sign.at = time.monotonic()


def silent_until(at: float) -> None:
    """Say that this thread does something that ends by itself, at `at` (time.monotonic()) at the latest."""
    sign = _own.sign
    if sign is not None:
        sign.at = at


def silence(now: float, wanted_since: float, signs: Iterable[float]) -> float:
    """Give for how many seconds threads that have something to do since `wanted_since` have all been silent."""
    return max(0.0, now - max(wanted_since, *signs))
