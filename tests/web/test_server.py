"""Connections of who has not entered: many, silent or slow, they keep neither page nor daemon from work."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from daemon.config import Web
from daemon.web.server import MOST, Server, listen
from tests.support import wait_for
from tests.web.visitor import Visitor

#: Bytes of an answer that no socket's buffers hold.
_LARGE = 32 << 20


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with much to who asks for it; who asks as somebody known is known from then on."""
    scope["known"] = scope["path"].startswith("/known")
    body = bytes(_LARGE) if scope["path"].endswith("/much") else b"fine"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def port() -> Iterator[int]:
    listener = listen(Web(port=0))
    server = Server(_app, listener, ending=lambda: None, patience=0.3)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield listener.getsockname()[1]
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def _connected(port: int, stack: contextlib.ExitStack, sent: bytes = b"") -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
    connection.sendall(sent)
    return connection


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has let go of a connection, whatever came over it before."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _read(connection: socket.socket) -> bytes:
    """Give what comes until the end."""
    connection.settimeout(20)
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


def test_many_silent_connections_keep_nobody_out(stranger: Visitor) -> None:
    with contextlib.ExitStack() as stack:
        silent = [_connected(stranger.port, stack) for _ in range(MOST + 40)]
        assert stranger.get("/healthz").status == 200
        # The daemon's own files must not run out of descriptors because of them.
        wait_for(lambda: sum(map(_is_closed, silent)) >= 40, 20, "what is too much is let go")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_who_sends_no_whole_request_is_let_go(port: int, sent: bytes) -> None:
    with contextlib.ExitStack() as stack:
        connection = _connected(port, stack, sent)
        wait_for(lambda: _is_closed(connection), 20, "the connection's end")


def test_only_who_has_entered_may_leave_an_answer_unread(port: int) -> None:
    with contextlib.ExitStack() as stack:
        known = _connected(port, stack, b"GET /known/much HTTP/1.1\r\nHost: x\r\n\r\n")
        stranger = _connected(port, stack, b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: stranger.recv(1, socket.MSG_PEEK), 20, "the answer's beginning")
        another = _connected(port, stack)
        wait_for(lambda: _is_closed(another), 20, "the end of a connection that was made later")
        assert len(_read(stranger)) < _LARGE
        known.shutdown(socket.SHUT_WR)
        assert len(_read(known)) > _LARGE
