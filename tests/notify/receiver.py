"""A local service that messages are sent to, as Apprise's `json://` speaks to one (its notify_json plugin)."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """Keeps what it got. `status` is what it answers; while `stuck` is set it does not answer at all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.stuck = threading.Event()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/token-of-the-tests"

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.got]

    @property
    def text(self) -> str:
        """All titles and bodies."""
        return "\n".join(f"{each['title']}\n{each['message']}" for each in self.got)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        while self.server.stuck.is_set() and not self.server.closing.is_set():
            self.server.closing.wait(0.05)
        status = self.server.status
        if status == 200:
            self.server.got.append(body)
        with contextlib.suppress(ConnectionError):  # it waited for us no longer
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test tells what went wrong."""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        receiver.shutdown()
        thread.join()
        receiver.server_close()
