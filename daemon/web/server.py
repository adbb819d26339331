"""Serves the page: a socket on loopback, and uvicorn in the thread that calls `serve`.

Every user of the machine can make connections, and each costs the daemon a descriptor. So there are few, and who
has not entered holds one for a moment only, whatever they send or leave unread.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.config import Web

#: Connections at once. For another one, the oldest of those that nobody who has entered waits at is let go.
MOST = 128
#: Connections that the kernel keeps until they are taken up, and that are taken up at once.
_BACKLOG = 64
#: Seconds that a connection may be without a request of somebody who has entered.
_PATIENCE = 20.0
#: Seconds that answers under way have to end when the daemon stops.
_GRACE = 1


def listen(web: Web) -> socket.socket:
    """Listen where the configuration says; raises OSError when that can't be had."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: else each answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((web.host, web.port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


class _Connection(H11Protocol):
    """One connection; `since`: when it was made, or its last answer was complete (the loop's time)."""

    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.since = self.loop.time()
        super().connection_made(transport)
        if len(self.connections) > MOST:
            min(_spare(self.connections), key=lambda each: each.since).drop()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    @property
    def is_spare(self) -> bool:
        """Tell whether nobody who has entered waits for an answer at it (`known`: guard.py)."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or not cycle.scope.get("known")

    def drop(self) -> None:
        """End it at once: what was not read of an answer would keep it open."""
        self.connections.discard(self)
        self.transport.abort()


def _spare(connections: Iterable[object]) -> list[_Connection]:
    return [each for each in connections if isinstance(each, _Connection) and each.is_spare]


class _Server(uvicorn.Server):
    def __init__(self, ending: Callable[[], None], patience: float, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = ending
        self._patience = patience

    async def on_tick(self, counter: int) -> bool:
        latest = asyncio.get_running_loop().time() - self._patience
        for each in _spare(self.server_state.connections):
            if each.since < latest:
                each.drop()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)


class Server:
    """Serves `app` at a socket that listens, from `serve` until `stop`, which any thread may call."""

    def __init__(
        self, app: ASGIApp, listener: socket.socket, *, ending: Callable[[], None], patience: float = _PATIENCE
    ) -> None:
        """Have `ending` called in the loop's thread before connections are closed: streams have no end.

        `app` sets `known` in the scope of who has entered; others keep a connection for `patience` seconds.
        """
        self._listener = listener
        self._server = _Server(
            ending,
            patience,
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",  # the guard logs what fails; uvicorn's remarks are about broken clients
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_GRACE,
            ),
        )

    def serve(self) -> None:
        """Serve until `stop`."""
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        finally:
            self._listener.close()

    def stop(self) -> None:
        """Have `serve` end."""
        self._server.should_exit = True
