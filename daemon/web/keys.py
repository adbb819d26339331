"""Who may see the page: the token in the state directory, tickets that open the page once, sessions made by them.

Loopback is open to every user of the machine, so an address alone must not open the page. A ticket comes through
the control socket, which only the daemon's user reaches; the browser's cookie is made from the token, so that it
outlives a restart, and none is valid any more once the token file is deleted and the daemon started again.
"""

import base64
import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable

from daemon import files
from daemon.source import open_regular

log = logging.getLogger(__name__)

FILE = "page-token"
_LENGTH = 32  # bytes of chance
TICKET_SECONDS = 120.0
SESSION_SECONDS = 30 * 86400
#: Tickets that were asked for and not used yet; of more, the oldest are void.
_TICKETS = 16


class Keys:
    """Makes and judges what a browser or script shows. Thread-safe.

    `token` is what scripts send; `timer` and `wall` give seconds, of a clock that never jumps and since the epoch.
    """

    def __init__(self, token: str, timer: Callable[[], float], wall: Callable[[], float]) -> None:
        self._token = token
        self._timer = timer
        self._wall = wall
        self._lock = threading.Lock()
        self._tickets: dict[str, float] = {}

    def is_token(self, text: str) -> bool:
        """Tell whether `text` is the token."""
        return hmac.compare_digest(text.encode(), self._token.encode())

    def ticket(self) -> str:
        """Give a new ticket, good for one use within two minutes."""
        ticket = secrets.token_urlsafe(_LENGTH)
        with self._lock:
            self._tickets[_digest(ticket)] = self._timer() + TICKET_SECONDS
            while len(self._tickets) > _TICKETS:
                del self._tickets[next(iter(self._tickets))]
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Use a ticket up; tell whether it was good."""
        with self._lock:
            # By its digest: how long a look into a dictionary takes then says nothing about a real one.
            until = self._tickets.pop(_digest(ticket), None)
        return until is not None and self._timer() <= until

    def session(self) -> str:
        """Give the value of a new cookie: until when it is good, chance, and a seal over both."""
        body = f"{int(self._wall()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._seal('session', body)}"

    def is_session(self, cookie: str) -> bool:
        """Tell whether a cookie's value was made by `session` and is still good."""
        body, _, seal = cookie.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal("session", body).encode()):
            return False
        return int(body.partition(".")[0]) > self._wall()  # a number: it was sealed by us

    def form_token(self, session: str) -> str:
        """Give what each form of this session's pages must bring along, which no other site can know."""
        return self._seal("form", session)

    def is_form_token(self, text: str, session: str) -> bool:
        """Tell whether a form brought what its session's pages gave it."""
        return hmac.compare_digest(text.encode(), self.form_token(session).encode())

    def _seal(self, purpose: str, text: str) -> str:
        digest = hmac.digest(self._token.encode(), f"{purpose}:{text}".encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def token_of(state_dir: str) -> str:
    """Give the token that lies in `state_dir`, made where there is none. Raises OSError.

    One that others could read, or that is no token, is replaced.
    """
    path = os.path.join(state_dir, FILE)
    try:
        descriptor, status = open_regular(path)
    except FileNotFoundError:
        return _new(path)
    try:
        text = os.read(descriptor, 256).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    mine = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    if mine and len(text) >= _LENGTH and text.isascii() and text.isprintable():
        return text
    log.warning("%s was not for its owner alone, or held no token; it is made anew", path)
    return _new(path)


def _new(path: str) -> str:
    """Write a new token, whole and for its owner alone from its first moment."""
    token, draft = secrets.token_urlsafe(_LENGTH), f"{path}.part"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft)  # of a daemon that was killed; this one has the state directory's lock
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        files.write_all(descriptor, token.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(draft, path)
    files.sync_directory(os.path.dirname(path))
    return token
