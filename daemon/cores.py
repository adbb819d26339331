"""Cores: all threads of the daemon share one processor core, but for those that hash megabytes.

Python runs one thread at a time, but lets go of its lock for every system call, however short. The kernel wakes a
thread that wants the lock on a core that is idle. So with several cores each of these calls becomes a hand-over:
the caller finds the lock taken when it comes back, sleeps, and the other one goes on where no cache holds what it
needs. On one core the caller is back before anybody else has run; they run when it really waits.

What reads and hashes a megabyte in one go does that without the lock, and beside the others (`hashing`).

The main thread is not bound. It is where the kernel had room when it last woke, and `gather`, called now and then,
brings the others there: a core that other processes want is left again. Where binding is not allowed (by a filter
of system calls), or there is one core only, threads run as always: nothing depends on it but time.
"""

import contextlib
import os
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager

#: Seconds for which a core is kept.
KEPT = 5.0
#: Bytes; to read and hash as many of them takes longer than to go to another core and back.
MANY = 1 << 20
#: Where a thread's stat has its core, counted from behind its name: proc_pid_stat(5), fields 39 and 3.
_PROCESSOR = 39 - 3


class _Shared:
    """What the process knows of its cores. Each part is set whole, so there is no lock."""

    def __init__(self) -> None:
        self.core: int | None = None  # None: threads are not bound
        self.allowed: frozenset[int] = frozenset()
        self.kept_until = 0.0  # by time.monotonic()
        self.roaming: set[int] = set()  # native ids of threads


_shared = _Shared()


def gather() -> None:
    """Bind all threads but the main one, which calls this, to the core that it is on.

    Does nothing in another thread, or if it was done a moment ago; what was made since is bound the next time.
    """
    now = time.monotonic()
    if now < _shared.kept_until or threading.get_native_id() != os.getpid():
        return
    _shared.kept_until = now + KEPT
    try:
        _shared.allowed = frozenset(os.sched_getaffinity(0))
        _shared.core = _present() if len(_shared.allowed) > 1 else None
    except (OSError, AttributeError):  # no /proc, or no descriptor left; or a system that binds in another way
        return
    if _shared.core is not None:
        _bind_others({_shared.core}, but=_shared.roaming)


def scatter() -> None:
    """Let all threads run on any core again."""
    if _shared.core is not None:
        _shared.core = None
        _bind_others(_shared.allowed)
    _shared.kept_until = 0.0


def hashing(count: int) -> AbstractContextManager[None]:
    """Let this thread run on any core for the length of a with block in which it hashes `count` bytes at a time.

    Only if they are many: who wants the interpreter's lock back again and again had better stay where it is.
    """
    return roaming() if count >= MANY else contextlib.nullcontext()


@contextlib.contextmanager
def roaming() -> Iterator[None]:
    """Let this thread, and the processes that it starts, run on any core for the length of a with block."""
    me = threading.get_native_id()
    if _shared.core is None or me == os.getpid() or me in _shared.roaming:
        yield
        return
    _shared.roaming.add(me)
    try:
        _bind(0, _shared.allowed)
        yield
    finally:
        _shared.roaming.discard(me)
        if _shared.core is not None:
            _bind(0, {_shared.core})


def _bind_others(cores: Collection[int], *, but: Collection[int] = ()) -> None:
    """Bind all threads but the main one and those of `but`."""
    for each in threading.enumerate():
        if each is threading.main_thread():  # of which a forked process knows the number of its parent's
            continue
        thread = each.native_id
        if thread is None or thread in but:  # None: it is just being started, and comes the next time
            continue
        if not _bind(thread, cores):
            return


def _bind(thread: int, cores: Collection[int]) -> bool:
    """Bind one thread (0: this one). False where that is not allowed: then none is bound from now on."""
    try:
        os.sched_setaffinity(thread, cores)
    except ProcessLookupError:  # it has ended meanwhile
        return True
    except OSError:  # a filter of system calls; or a core that the process may no longer use
        _shared.core = None
        return False
    return True


def _present() -> int:
    """Give the number of the core that this thread is on."""
    with open("/proc/thread-self/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[_PROCESSOR])
