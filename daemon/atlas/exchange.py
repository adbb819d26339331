"""One request and its answer, read in pieces under a deadline; what both API calls and downloads are made of."""

import contextlib
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from daemon import signs
from daemon.atlas.border import broken, translated
from daemon.atlas.deadline import Deadline, Watch
from daemon.atlas.environment import Environment
from daemon.atlas.text import plain
from daemon.atlas.transport import Sender
from daemon.errors import LocalTrouble

#: What is left of a body of so many bytes is read in one go.
_SHORT = 16 * 1024
#: How much of a body is asked for at once.
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: for a connection (each address of a host), an answer, a submit's answer, and 64 kB of a stream."""

    connect: float = 10.0
    answer: float = 30.0
    submit: float = 120.0
    stall: float = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `guarded`: the URL comes from outside, so only public addresses may be connected to."""

    method: str
    url: str
    headers: Mapping[str, str]
    data: Any = None
    guarded: bool = False


class Response:
    """An answer whose body is still to be read."""

    def __init__(self, raw: requests.Response, call: Deadline, host: str) -> None:
        self._raw = raw
        self._call = call
        self._host = host
        self.status: int = raw.status_code
        self._encoded = "Content-Encoding" in raw.headers  # though `identity` was asked for
        #: The length that the answer announces, or None.
        self.length: int | None = raw.raw.length_remaining
        #: Whether a body that is cut short can be told from a whole one: by its length or its last chunk.
        self.announced: bool = self.length is not None or bool(raw.raw.chunked)

    def header(self, name: str) -> str:
        """Give a header's value, or an empty text."""
        return str(self._raw.headers.get(name, ""))

    @property
    def request_id(self) -> str | None:
        """The API's X-Request-ID, which its support asks for."""
        return plain(self.header("X-Request-ID"), 100) or None

    def pieces(self) -> Iterator[bytes]:
        """Give the body in pieces of at most 256 kB; Transient or OutcomeUnknown if it breaks off."""
        last = False
        while not last:
            piece, last = self._piece()
            if not piece:
                break
            self._call.moved(len(piece))
            signs.beat()  # what becomes of the piece has no deadline
            yield piece
        if self._call.cut is not None and not self.announced:
            raise broken(self._call, self._host)  # the end that was seen is the one that the deadline made

    def _piece(self) -> tuple[bytes, bool]:
        """Give what comes next of the body, empty at its end, and whether that is certainly the last."""
        raw = self._raw.raw
        left: int | None = raw.length_remaining
        signs.silent_until(self._call.due)
        if left and left <= _SHORT and not self._call.renewed and not self._encoded:
            # It came with its head, or is about to: read in one go, to its announced end. Of a stream each piece
            # counts, as its pace shows; what is compressed is longer than announced.
            with translated(self._call, self._host):
                return raw.read(left, decode_content=True), True  # else it would not say that some is missing
        with translated(self._call, self._host):
            if self._encoded:  # its length says nothing of that of a piece
                return raw.read1(PIECE, decode_content=True), False
            # not past the announced end: what lies behind it is not this answer's
            return raw.read1(min(left or PIECE, PIECE), decode_content=False), False


class Exchanges:
    """Where requests are sent from: a sender per thread, one watch over the deadlines of all. Thread-safe."""

    def __init__(self, timeouts: Timeouts, *, loopback: bool) -> None:
        self.timeouts = timeouts
        self.loopback = loopback
        self._environment = Environment()
        self._watch = Watch()
        self._own = threading.local()
        self._senders: weakref.WeakSet[Sender] = weakref.WeakSet()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def send(self, call: Deadline, request: Request) -> Iterator[Response]:
        """Send a request; its answer is there for the length of the with block.

        Raises Unreachable or LocalTrouble where no connection came about, else Transient, or OutcomeUnknown
        for a call that spends. A connection whose answer was read to its end is kept for the thread's next
        call.
        """
        host = urlsplit(request.url).hostname or "the server"
        sender = self._sender()
        sender.line.guarded, sender.line.loopback = request.guarded, self.loopback
        with self._watch.over(call):
            signs.silent_until(call.due)
            try:
                raw = self._start(sender, call, request, host)
            except LocalTrouble:  # no connection was made
                if not self.drop_idle():
                    raise
                raw = self._start(sender, call, request, host)
            signs.beat()
            try:
                yield Response(raw, call, host)
            finally:
                raw.close()

    def _start(self, sender: Sender, call: Deadline, request: Request, host: str) -> requests.Response:
        with translated(call, host):
            return sender.send(
                call,
                request.method,
                request.url,
                headers=request.headers,
                data=request.data,
                connect=self.timeouts.connect,
            )

    def drop_idle(self) -> int:
        """Close all idle connections, of any thread: descriptors are short, and they only save time."""
        with self._lock:
            senders = list(self._senders)
        return sum(sender.drop_idle() for sender in senders)

    def _sender(self) -> Sender:
        sender: Sender | None = getattr(self._own, "sender", None)
        if sender is None:
            sender = self._own.sender = Sender(self._environment)
            with self._lock:
                self._senders.add(sender)
        return sender

    def interrupt(self, *, spending: bool) -> None:
        """Cut off the calls under way; those that spend only with `spending`, as their outcome is then unknown."""
        self._watch.cut_off("the daemon is stopping", lambda call: spending or not call.spends)

    def close(self) -> None:
        """Close idle connections and end the watch; for when no call is under way any more."""
        with self._lock:
            for sender in list(self._senders):
                sender.close()
        self._watch.close()
