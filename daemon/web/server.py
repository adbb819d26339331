"""Serves the page: a socket on loopback, and uvicorn in the thread that calls `serve`."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.config import Web

#: Connections at once. Every user of the machine can make some: more are turned away before they cost anything.
_CONNECTIONS = 128
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
        listener.listen(_CONNECTIONS)
    except BaseException:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    def __init__(self, ending: Callable[[], None], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)


class Server:
    """Serves `app` at a socket that listens, from `serve` until `stop`, which any thread may call."""

    def __init__(self, app: ASGIApp, listener: socket.socket, *, ending: Callable[[], None]) -> None:
        """Have `ending` called in the loop's thread before connections are closed: streams have no end."""
        self._listener = listener
        self._server = _Server(
            ending,
            uvicorn.Config(
                app,
                http=H11Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",  # the guard logs what fails; uvicorn's remarks are about broken clients
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS,
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
