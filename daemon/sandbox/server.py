"""Runs the sandbox: `Sandbox` in a thread for tests and the demo, `serve` in the foreground."""

import asyncio
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from types import FrameType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.sandbox.app import application
from daemon.sandbox.faults import FaultBook, ordered
from daemon.sandbox.house import House
from daemon.sandbox.journal import Entry, Journal
from daemon.sandbox.settings import SandboxSettings
from daemon.sandbox.state import World
from daemon.sandbox.workshop import Workshop

HOST = "127.0.0.1"


class _Protocol(H11Protocol):
    """Hands each request its transport: faults close and reset connections, which ASGI has no word for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Sandbox:
    """A sandbox on loopback, in a thread of its own, from `with` to its end.

    `port` 0 takes a free one; `journal=False` keeps no journal; `settings` are those of SandboxSettings.
    `stop` and `start` in between cut its clients off and take up again at the same port with all it knew.
    """

    def __init__(self, *, port: int = 0, journal: bool = True, **settings: Any) -> None:
        # a wall clock that jumps must not end or prolong predictions
        offset = time.time() - time.monotonic()
        checked = SandboxSettings().changed(settings)
        self._directory = tempfile.mkdtemp(prefix="hotfolder-sandbox-")
        self._house = House(
            checked,
            FaultBook(),
            Journal(on=journal),
            World(Decimal(str(checked.balance)), self._directory),
            Workshop(self._directory),
            now=lambda: offset + time.monotonic(),
            _lock=threading.Lock(),
        )
        self._port = port
        self._place: socket.socket | None = None  # keeps the port its own while it is stopped
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL to give a client."""
        return f"http://{HOST}:{self._port}"

    @property
    def settings(self) -> SandboxSettings:
        """The settings as they are; `set` changes them."""
        return self._house.settings

    @property
    def balance(self) -> Decimal:
        """What is left on the account, in USD."""
        return self._house.world.balance

    def start(self) -> None:
        """Listen and serve; raises OSError when the port is taken."""
        if self._thread is not None:
            return
        if self._place is None:
            self._place = _bound(self._port)
            self._port = self._place.getsockname()[1]
        listener = _bound(self._port)
        try:
            # listening from here on: who connects before the loop runs waits in the backlog
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
        server = self._server = uvicorn.Server(_configured(self._house))
        self._thread = threading.Thread(target=self._run, args=(server, listener), name="sandbox", daemon=True)
        self._thread.start()

    def _run(self, server: uvicorn.Server, listener: socket.socket) -> None:
        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve(sockets=[listener])

        asyncio.run(run())

    def stop(self) -> None:
        """Stop listening and break every connection; the port and what is known are kept for the next start."""
        thread, server = self._thread, self._server
        if thread is None or server is None:
            return
        server.should_exit = True
        while thread.is_alive():
            # again and again: a connection may come in after the last round
            if server.started and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_abort_all, server)
            thread.join(0.05)
        self._thread = self._server = self._loop = None

    def close(self) -> None:
        """Stop for good and remove every upload and output."""
        self.stop()
        if self._place is not None:
            self._place.close()
            self._place = None
        self._house.workshop.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def set(self, **settings: Any) -> None:
        """Change settings; raises ValueError that names what is wrong."""
        self._house.change(settings)

    def fault(
        self,
        call: str,
        kind: str,
        *,
        count: int | None = 1,
        after: int = 0,
        probability: float = 1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Order a fault (see faults.KINDS); raises ValueError that names what is wrong with the order.

        `call` may be "any". `count` None: until `clear_faults`. Options beside the kind's own: `only`, one
        prediction id; `applied`, whether the call takes effect all the same.
        """
        options |= {"count": count, "after": after, "probability": probability}
        self._house.faults.add(ordered(call, kind, seed=seed, **options))

    def clear_faults(self) -> None:
        """Behave again."""
        self._house.faults.clear()

    def expire_uploads(self) -> None:
        """Let the URL of every upload so far be gone."""
        self._house.world.forget_uploads()

    def end_predictions(self) -> None:
        """Let every prediction so far be ready, and those to come at once."""
        self.set(predict_seconds=0.0)
        self._house.world.end_predictions(self._house.now())

    def journal(self) -> list[Entry]:
        """Give every request so far, oldest first."""
        return self._house.journal.entries()

    def clear_journal(self) -> None:
        """Forget every request so far."""
        self._house.journal.clear()

    def count(self, call: str) -> int:
        """Count the requests of one call, those that were cut among them."""
        return len(self._house.journal.entries(call))

    def submits(self) -> list[Entry]:
        """Give the submits that were accepted, those whose answer never came among them."""
        return self._house.journal.accepted()

    def submits_by_sha256(self) -> dict[str, list[Entry]]:
        """Give, by SHA-256 of the upload, every submit sent for it; accepted ones have a prediction_id."""
        return self._house.journal.submits_by_sha256()

    def uploads_by_sha256(self) -> dict[str, int]:
        """Count the complete uploads of each content."""
        return dict(self._house.journal.uploads_by_sha256())


def _bound(port: int) -> socket.socket:
    """Give a socket that has a port (0: a free one) and does not listen; raises OSError when the port is taken.

    Several may have one port as long as none of them listens, and whoever asks for a free port gets another
    (SO_REUSEADDR, socket(7)).
    """
    # the protocol is named because asyncio sets TCP_NODELAY only where it is: else each answer takes 40 ms
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _configured(house: House) -> uvicorn.Config:
    return uvicorn.Config(
        application(house),
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",  # our own log tells what fails here; uvicorn's remarks are about broken clients
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=60,  # a client's pool outlives pauses between files, as with the real API
        timeout_graceful_shutdown=2,
    )


def _abort_all(server: uvicorn.Server) -> None:
    for connection in list(server.server_state.connections):
        connection.transport.abort()


def serve(port: int, *, announce: Callable[[str], object], journal: bool = True, **settings: Any) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; `announce` is given the base URL once it listens.

    `settings` are those of SandboxSettings. Raises OSError when the port is taken. Main thread only.
    """
    over = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        over.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(port=port, journal=journal, **settings) as sandbox:
            announce(sandbox.url)
            over.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
