"""The one border where errors of requests, urllib3 and the system become the project's own.

What follows from a broken call depends on one thing: whether anything can have been sent. The connection
itself tells (`Deadline.connected`), so the translation needs no list of exceptions that is right for one
version of a library only.
"""

import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Iterator

import urllib3.exceptions

from daemon.atlas.deadline import Deadline
from daemon.atlas.refusals import unknown_submit
from daemon.atlas.text import plain
from daemon.errors import LocalTrouble, OutcomeUnknown, StageError, Transient, Unreachable

#: This machine is short of descriptors or memory.
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})

#: requests' exceptions are OSErrors; urllib3 wraps those of http.client. ValueError: an address or header that the
#: libraries can't use.
_FOREIGN = (OSError, urllib3.exceptions.HTTPError, ValueError, MemoryError)


@contextlib.contextmanager
def translated(call: Deadline, host: str) -> Iterator[None]:
    """Turn library errors inside the with block into StageErrors; `host` names the other side in their words."""
    try:
        yield
    except StageError:
        raise
    except _FOREIGN as error:
        raise broken(call, host, error) from error


def broken(call: Deadline, host: str, error: BaseException | None = None) -> StageError:
    """Give the StageError for a call that ended without a whole answer, by `error` or by its deadline."""
    causes = list(_causes(error))
    if not call.connected:
        if any(isinstance(cause, MemoryError) or getattr(cause, "errno", None) in _SHORT for cause in causes):
            return LocalTrouble("This computer is short of open files or memory; tried again later.")
        return Unreachable(f"{host} can't be reached: {call.cut or _reason(causes)}. Tried again later.")
    what = f"The connection to {host} broke off ({call.cut or _reason(causes)})"
    if call.spends:
        return OutcomeUnknown(unknown_submit(what))
    return Transient(f"{what}. Tried again later.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and all that it was made from, outermost first: as cause, as context, or as argument."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting.extend(cause for cause in inner if isinstance(cause, BaseException))


def _reason(causes: list[BaseException]) -> str:
    """Say what happened, in words of our own: the libraries' contain addresses of proxies with their passwords."""
    return next(filter(None, map(_words, reversed(causes))), "it ended the connection early")


def _words(cause: BaseException) -> str | None:
    """Give words for one error of the chain, or None if it says nothing by itself."""
    match cause:
        case socket.gaierror():
            return "its name can't be resolved (DNS)"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {plain(cause.verify_message, 200)}"
        case ssl.SSLError():
            return f"the encrypted connection failed: {plain(cause.reason or 'TLS', 200)}"
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return "no answer in time"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
    return "the proxy refused" if str(cause).startswith("Tunnel connection failed") else None
