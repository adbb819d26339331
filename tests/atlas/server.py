"""A server that answers by script, byte for byte, so that it can misbehave as real ones do."""

import contextlib
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

Script = Callable[["Talk"], None]


class Talk:
    """One connection, from the server's side."""

    def __init__(self, sock: socket.socket, server: "Server") -> None:
        self.sock = sock
        self.server = server
        self._rest = b""

    def request(self, *, keep_body: bool = True) -> bytes:
        """Read one request; it is noted in `server.requests` (its head alone without `keep_body`)."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        count = len(body)
        while count < length:
            piece = self._receive()
            count += len(piece)
            body = body + piece if keep_body else b""
        self._rest = body[length:]
        whole = head + b"\r\n\r\n" + body[:length]
        self.server.requests.append(whole)
        return whole

    def _receive(self) -> bytes:
        piece = self.sock.recv(262144)
        if not piece:
            raise ConnectionResetError
        return piece

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: object, status: int = 200, *headers: str) -> None:
        """Answer with JSON, or with bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "X-Request-ID: req-1", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    def drip(self, byte: bytes = b"x") -> None:
        """Send a byte every 50 ms until the other side hangs up or the test is over."""
        while not self.server.over.wait(0.05):
            self.send(byte)

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.server.over.wait()

    def reset(self) -> None:
        """Hang up so that the other side gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Server:
    """Listens on 127.0.0.1; the nth connection runs the nth script, the last script serves all further ones."""

    def __init__(self, *scripts: Script, tls: tuple[str, str] | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._scripts = scripts
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context and tls:
            self._context.load_cert_chain(*tls)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:  # closed, or no descriptor left in a test about that
                if self.over.wait(0.01):
                    return
                continue
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, script))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(20)
        with contextlib.suppress(OSError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._open.append(sock)
            script(Talk(sock, self))
        sock.close()

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which would wait
        for thread in self._threads:
            thread.join(25)


def says(body: object, status: int = 200, *headers: str) -> Script:
    """Make a script that gives every request of a connection the same answer."""

    def script(talk: Talk) -> None:
        while True:
            talk.request()
            talk.answer(body, status, *headers)

    return script


@contextlib.contextmanager
def serving(*scripts: Script, tls: tuple[str, str] | None = None) -> Iterator[Server]:
    server = Server(*scripts, tls=tls)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def opened(path: str, content: bytes) -> Iterator[int]:
    """Write a file and give it open for reading."""
    with open(path, "wb") as file:
        file.write(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)
