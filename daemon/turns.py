"""Turns: of the threads that work jobs off, one computes at a time, while others wait for the network or a disk.

Python runs one thread at a time anyway, but it lets go of its lock for every system call, however short. Where
several threads want that lock, most of those calls become a hand-over: two wake-ups that, on a machine with few
cores, take more time than the call. So a thread takes a turn for its work, and is `away` only for what really
waits.

A turn is a courtesy, nothing depends on it: who waited for `LONGEST` goes on without one, so that a thread that
hangs in a dead file system keeps the others waiting once and not for ever.
"""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

#: Seconds; longer than any computing that is to be done for a file of common size.
LONGEST = 0.05
#: Bytes; to move more of them takes longer than to come back.
MANY = 1 << 20


class Turn:
    """What threads take in turn; who waited for `longest` seconds takes it in any case. Thread-safe."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._taken = threading.Lock()
        self._owner: int | None = None

    def take(self) -> None:
        """Wait until nobody has it, or for so long that whoever has it must be stuck."""
        free = self._taken.acquire(timeout=self._longest)
        self._owner = threading.get_ident()
        if not free:
            self._taken.acquire(blocking=False)  # it may have been given a moment ago

    def give(self) -> None:
        """Let somebody else have it, if this thread still does."""
        if self._owner == threading.get_ident():
            self._owner = None
            # Between a stuck owner that goes on and the thread that took over, each may have given it already.
            with contextlib.suppress(RuntimeError):
                self._taken.release()

    def is_free(self) -> bool:
        """Tell whether nobody has it."""
        return self._owner is None


class _Own(threading.local):
    turn: Turn | None = None
    depth = 0  # of the with blocks in which it is away


_own = _Own()


@contextlib.contextmanager
def mine(turn: Turn) -> Iterator[None]:
    """Have a turn for the length of a with block, but for what in it is `away`."""
    turn.take()
    _own.turn = turn
    try:
        yield
    finally:
        _own.turn = None
        turn.give()


class _Away:
    """What `away` gives: it holds nothing, so one is enough for all threads."""

    def __enter__(self) -> None:
        turn = _own.turn
        if turn is not None:
            _own.depth += 1
            if _own.depth == 1:
                turn.give()

    def __exit__(self, *_: object) -> None:
        turn = _own.turn
        if turn is not None:
            _own.depth -= 1
            if _own.depth == 0:
                turn.take()


_AWAY = _Away()


def away() -> AbstractContextManager[None]:
    """Let others compute for the length of a with block that waits; in a thread that has no turn, nothing.

    Coming back costs a thread up to four switches (for the interpreter's lock, for the turn), so several waits
    with little between them are better one block. Blocks may lie in each other: the outermost counts.
    """
    return _AWAY


def moving(count: int | None) -> AbstractContextManager[None]:
    """Let others compute while `count` bytes are read, hashed, sent or written, where that takes a while.

    Python gives its lock away for each of these steps, so they go on beside what others compute.
    """
    return _AWAY if count is not None and count >= MANY else contextlib.nullcontext()
