"""One request under way: what came in, and the ways to answer it, from proper HTTP down to an RST."""

import asyncio
import socket
import struct
import uuid
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from daemon.sandbox.answers import Answer
from daemon.sandbox.faults import Fault
from daemon.sandbox.journal import Entry

#: Files are read and sent in pieces of this size.
PIECE = 256 * 1024


class Gone(Exception):
    """The client closed the connection before its request was there."""


class Exchange:
    """A request with its journal entry, the fault that is to strike it, and its connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, entry: Entry) -> None:
        self.entry = entry
        self.fault: Fault | None = None
        self.request_id = uuid.uuid4().hex
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.parameters: dict[str, str] = scope.get("path_params", {})
        self.query: bytes = scope["query_string"]
        self._receive = receive
        self._send = send
        self._read = False
        # put there by the server's protocol class: the only way to an RST or a broken frame
        self._transport: asyncio.Transport = scope["state"]["transport"]

    @property
    def base_url(self) -> str:
        """The sandbox's address as this client sees it."""
        return "http://" + self.headers.get(b"host", b"127.0.0.1").decode("latin-1")

    @property
    def key(self) -> str | None:
        """The API key that came as `Authorization: Bearer …`, or None."""
        scheme, _, key = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return key.strip() or None if scheme.lower() == "bearer" else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the request's body as it comes; raises Gone when the client leaves before its end."""
        while not self._read:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Gone
            self._read = not message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def body(self) -> bytes:
        """Give the request's whole body."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def skip_body(self, at_most: int | None = None) -> None:
        """Read the rest of the body, or about `at_most` bytes of it, and drop it."""
        count = 0
        async for chunk in self.chunks():
            count += len(chunk)
            if at_most is not None and count >= at_most:
                return

    async def answer(self, answer: Answer) -> None:
        """Answer properly."""
        self.entry.status = answer.status
        length = str(answer.length).encode()
        await self._start(answer, [(b"content-length", length)])
        if answer.path is None:
            await self._send({"type": "http.response.body", "body": answer.body})
            return
        for piece in _pieces(answer.path):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def stream(self, answer: Answer, pieces: AsyncIterator[bytes], length: int | None) -> None:
        """Answer with a body that is made while it is sent: of `length` bytes, or chunked."""
        self.entry.status = answer.status
        await self._start(answer, [] if length is None else [(b"content-length", str(length).encode())])
        async for piece in pieces:
            if self._transport.is_closing():
                return
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, answer: Answer, more: list[tuple[bytes, bytes]]) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers(answer)] + more
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    def _headers(self, answer: Answer) -> list[tuple[str, str]]:
        return [("content-type", answer.content_type), ("x-request-id", self.request_id), *answer.headers]

    def head(self, answer: Answer, **more: str) -> bytes:
        """Give status line and headers as bytes, with the connection to be closed after the answer."""
        named = [(name.replace("_", "-"), value) for name, value in more.items()]
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in [*self._headers(answer), *named, ("connection", "close")]]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def send_raw(self, data: bytes, *, status: int) -> None:
        """Send bytes past the HTTP layer, then close the connection."""
        self.entry.status = status
        self._transport.write(data)
        await self.close()

    async def drip(self, data: bytes, interval: float, *, status: int, at_once: int = 0) -> None:
        """Send the first `at_once` bytes, then one every `interval` seconds while the client listens."""
        self.entry.status = status
        self._transport.write(data[:at_once])
        for index in range(at_once, len(data)):
            await asyncio.sleep(interval)
            if self._transport.is_closing():
                return
            self._transport.write(data[index : index + 1])
        await self.close()

    async def close(self) -> None:
        """Close the connection once what was written is sent."""
        self._transport.close()
        await self.until_gone()

    async def reset(self) -> None:
        """Break the connection with an RST: what SO_LINGER with no time does (socket(7))."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        await self.until_gone()

    async def until_gone(self) -> None:
        """Wait until the connection is closed, by either side."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _pieces(path: str) -> Iterator[bytes]:
    # read in the event loop: the file was just written, so it comes from memory, quicker than through a thread
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
