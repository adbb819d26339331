"""Deadlines that hold: a call that is overdue has its socket shut down under it.

A socket's own time-out counts anew with every byte, so an answer that drips one byte now and then, in its
body, its headers or the TLS handshake, would go on for ever. Here one thread watches all calls. shutdown(2)
wakes a thread that waits on the socket; it is done on a duplicate of the descriptor, which belongs to the
call, so that a number that was closed and given to another file meanwhile is never touched.
"""

import contextlib
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

from daemon import signs
from daemon.errors import LocalTrouble

#: A stream has to move this many bytes in each span of its deadline.
STEP = 64 * 1024
#: Seconds after which an answer that has not begun is told to whoever wants to know.
QUIET = 0.2


class Deadline:
    """The time that one call has, and the connection that it uses.

    seconds: for the whole call; with `renewed`, for each 64 kB of it (uploads and downloads take as long as
    they need, as long as they move). spends: the call may cost money, so its loss has consequences. on_silence:
    called by the call's own thread if its answer has not begun `QUIET` seconds after the request.
    """

    def __init__(
        self,
        seconds: float,
        *,
        renewed: bool = False,
        spends: bool = False,
        on_silence: Callable[[], None] | None = None,
    ) -> None:
        self.seconds = seconds
        self.on_silence = on_silence
        self.spends = spends
        #: Set when the connection is there, before the request's first byte: until then, nothing was sent.
        self.connected = False
        #: Why the call was cut off, in words; None while it was not.
        self.cut: str | None = None
        self.due = time.monotonic() + seconds
        self.renewed = renewed
        self._moved = 0
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def attach(self, fileno: int) -> None:
        """Watch over the connection with this descriptor from now on; TimeoutError if it is too late for it."""
        own = os.dup(fileno)
        with self._lock:
            before, self._descriptor = self._descriptor, own
            late = self.cut
        if before is not None:
            os.close(before)
        if late is not None:
            raise TimeoutError(late)

    def moved(self, count: int) -> None:
        """Note that `count` bytes went through."""
        self._moved += count
        if self.renewed and self._moved >= STEP:
            self._moved = 0
            self.due = time.monotonic() + self.seconds
            signs.silent_until(self.due)

    def cut_off(self, why: str) -> None:
        """End the call now, from any thread: its thread gets an end of file or a broken pipe."""
        with self._lock:
            self.cut = self.cut or why
            if self._descriptor is not None:
                # Not a duplicate: there may be no descriptor left, and then a deadline has to hold all the more.
                connection = socket.socket(fileno=self._descriptor)
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it is not connected yet, or no longer
                finally:
                    connection.detach()

    def close(self) -> None:
        """Let go of the connection; it lives on if others hold it."""
        with self._lock:
            own, self._descriptor = self._descriptor, None
        if own is not None:
            os.close(own)


class Watch:
    """One thread that cuts off overdue calls. It sleeps while there are none and starts with the first."""

    def __init__(self) -> None:
        self._calls: set[Deadline] = set()
        self._changed = threading.Condition()
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def over(self, call: Deadline) -> Iterator[Deadline]:
        """Watch over `call` for the length of a with block. Raises LocalTrouble if its thread can't be started."""
        with self._changed:
            if self._thread is None:
                self._thread = self._started()
            self._calls.add(call)
            if call.due < self._wakes_at:
                self._changed.notify()
        try:
            yield call
        finally:
            with self._changed:
                self._calls.discard(call)
            call.close()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no memory for its stack
            raise LocalTrouble("This computer is short of memory; tried again later.") from error
        return thread

    def cut_off(self, why: str, which: Callable[[Deadline], bool]) -> None:
        """Cut off at once all calls that `which` picks."""
        with self._changed:
            for call in filter(which, self._calls):
                call.cut_off(why)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for call in self._calls:
                    if call.cut is None and call.due <= now:
                        call.cut_off(f"no end within {call.seconds:g} s")
                waiting = [call.due for call in self._calls if call.cut is None]
                self._wakes_at = min(waiting, default=math.inf)
                self._changed.wait(None if math.isinf(self._wakes_at) else max(self._wakes_at - now, 0.001))
