"""Tells open pages what changed, as server-sent events: which jobs, and that the whole is to be looked at again.

While no page is open, nothing is listened to. The daemon's own threads only put a number into a set; the page's
loop takes it from there twice a second. A page that does not take what it is told is dropped, and asks anew.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from daemon.events import Event, Events, JobMoved

#: Seconds over which changes are gathered, and after which a silent page is told that all is well.
_GATHER, _SILENCE = 0.4, 15.0
#: Jobs named in one message; where more changed, a page loads what it shows anew.
_NAMED = 100
#: Open pages at once, and messages that one may be behind.
_PAGES, _BEHIND = 32, 16


class Feed:
    """The open pages, and what they are told. Used in the page's loop alone, but for what `events` calls."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._pages: set[asyncio.Queue[str | None]] = set()
        self._changed: dict[int, None] = {}
        self._stirred = False
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def routes(self) -> Sequence[BaseRoute]:
        """Give the route."""
        return [Route("/events", self._open, methods=["GET"])]

    def close(self) -> None:
        """End every page's stream; from the loop's thread."""
        for page in self._pages:
            with contextlib.suppress(asyncio.QueueFull):
                page.put_nowait(None)

    async def _open(self, _: Request) -> Response:
        if len(self._pages) >= _PAGES:
            return Response("So many pages are open that this one has to do without news.\n", 503)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        page: asyncio.Queue[str | None] = asyncio.Queue(_BEHIND)
        self._join(page)
        try:
            yield "retry: 2000\nevent: hello\ndata: {}\n\n"
            while True:
                try:
                    message = await asyncio.wait_for(page.get(), _SILENCE)
                except TimeoutError:
                    message = ": all is well\n\n"
                if message is None:
                    return
                yield message
        finally:
            self._leave(page)

    def _join(self, page: "asyncio.Queue[str | None]") -> None:
        self._pages.add(page)
        if self._task is None:
            self._unsubscribe = self._events.subscribe(self._note)
            self._task = asyncio.get_running_loop().create_task(self._tell())

    def _leave(self, page: "asyncio.Queue[str | None]") -> None:
        self._pages.discard(page)
        if not self._pages and self._task is not None:
            self._unsubscribe()
            self._task.cancel()
            self._task = None
            self._changed.clear()

    def _note(self, event: Event) -> None:
        """Note what happened; in a thread of the daemon's, so nothing is done here."""
        if isinstance(event, JobMoved):
            self._changed[event.job.id] = None
        self._stirred = True

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(_GATHER)
            if not self._stirred:
                continue
            self._stirred = False
            changed = self._taken()
            named = {"ids": changed} if len(changed) <= _NAMED else {"many": True}
            message = f"event: change\ndata: {json.dumps(named)}\n\n"
            for page in list(self._pages):
                if page.full():  # it does not keep up: let it go, it comes again
                    page.get_nowait()
                    page.put_nowait(None)
                else:
                    page.put_nowait(message)

    def _taken(self) -> list[int]:
        taken = []
        while self._changed:
            taken.append(self._changed.popitem()[0])  # atomic, as threads of the daemon's add to it
        return taken
