"""The page's own threads, a few: what reads the table or a disk runs there, and never in one that jobs need."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Busy(Exception):
    """So much waits already that more would only wait too long."""


class Hands:
    """So many threads, made when they are first needed. They are no hindrance when the process ends.

    A disk that does not answer keeps a thread for good: the page then has fewer, and the daemon loses nothing.
    """

    def __init__(self, name: str, number: int, *, waiting: int) -> None:
        self._name = name
        self._number = number
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(waiting)
        self._threads: list[threading.Thread] = []

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what `work` gives, or raise what it raises; raises Busy if too much waits."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def carry_out() -> None:
            if future.cancelled():
                return
            try:
                value = work(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - raised again where it was asked for
                self._tell(loop, future, error=error)
            else:
                self._tell(loop, future, value=value)

        try:
            self._queue.put_nowait(carry_out)
        except queue.Full:
            raise Busy from None
        if len(self._threads) < self._number:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return await future

    def close(self) -> None:
        """Let the threads end once they have done what waits; does not wait for them."""
        for _ in self._threads:
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()

    @staticmethod
    def _tell(
        loop: asyncio.AbstractEventLoop,
        future: "asyncio.Future[Any]",
        *,
        value: Any = None,
        error: Exception | None = None,
    ) -> None:
        def settle() -> None:
            if future.done():  # who asked went away
                return
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle)
