"""Results, fetched from wherever the API says they lie: no key, checked addresses, limits on size and time."""

import base64
import binascii
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from daemon.atlas.addresses import refusal
from daemon.atlas.deadline import Deadline
from daemon.atlas.exchange import Exchanges, Request, Response
from daemon.atlas.refusals import error_message, retry_after
from daemon.atlas.text import plain
from daemon.errors import OutputGone, RateLimited, StageError, Transient, Unreachable, Withheld

log = logging.getLogger(__name__)

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: 400 is what object storage answers to a signature whose own credentials have expired (S3: ExpiredToken).
_GONE = frozenset({400, 401, 403, 404, 410})
#: Seconds until a host that can't be reached is tried again.
_UNREACHABLE_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: bytes written, the type that was claimed (`image/png`, or empty).

    announced: the end of the body was marked (by a length or a last chunk) and reached. False: only its
    format can tell whether it is whole.
    """

    size: int
    content_type: str
    announced: bool


def fetch(
    exchanges: Exchanges,
    url: str,
    write: Callable[[bytes], object],
    limit: int,
    now: Callable[[], float],
    on_silence: Callable[[], None] | None = None,
) -> Fetched:
    """Fetch `url` and hand its bytes to `write`, in pieces of at most 256 kB; at most `limit` bytes.

    `now` gives the wall clock, for a Retry-After; `on_silence` is called where the host takes its time to answer.
    Raises Withheld (`result_refused`) for what must not be fetched or is too large, OutputGone, RateLimited, and
    Transient for what broke off. What `write` raises goes through as it is. When an error is raised, a part may
    have been written.
    """
    if url[:5].lower() == "data:":
        return _write_data(url, write, limit)
    for _ in range(_MOST_REDIRECTS + 1):
        wrong = refusal(url, loopback=exchanges.loopback)
        if wrong:
            raise _withheld(wrong)
        call = Deadline(exchanges.timeouts.stall, renewed=True, on_silence=on_silence)
        try:
            with exchanges.send(call, Request("GET", url, {}, guarded=True)) as response:
                log.debug("download: host %s answered %d", urlsplit(url).hostname, response.status)
                if response.status not in _REDIRECTS or not response.header("Location"):
                    return _receive(response, write, limit, now)
                url = _target(url, response.header("Location"))
        except Unreachable as error:
            raise _not_counted(error) from error
    raise _withheld(f"it was sent on more than {_MOST_REDIRECTS} times")


def _target(url: str, location: str) -> str:
    """Give the address that a redirect names; it is checked like the first one."""
    try:
        return urljoin(url, location.strip())
    except ValueError:
        raise _withheld("it was sent on to an address that can't be read") from None


def _receive(
    response: Response, write: Callable[[bytes], object], limit: int, now: Callable[[], float]
) -> Fetched:
    if response.status != 200:
        raise _refused(response, now)
    if response.header("Content-Encoding").strip().lower() not in {"", "identity"}:
        raise _withheld("it comes compressed, though that was not asked for")
    if response.length is not None and response.length > limit:
        raise _too_large(limit)
    size = 0
    for piece in response.pieces():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        write(piece)
    return Fetched(size, _media_type(response.header("Content-Type")), response.announced)


def _refused(response: Response, now: Callable[[], float]) -> StageError:
    """Give the error for an answer without the result; its words come from the start of its body."""
    body = b""
    for piece in response.pieces():
        body += piece
        if len(body) > 4096:
            break
    status = response.status
    said = error_message(status, body[:4096], response.header("Content-Type"))
    if status in _GONE:
        return OutputGone(f"The result's address does not work any more (status {status}: {said}).")
    if status in {429, 503}:
        after = retry_after(response.header("Retry-After"), now())
        return RateLimited(
            f"The result's host asks for a pause (status {status}). Tried again later.", after=after
        )
    if 400 <= status <= 499 and status not in {408, 409, 425}:
        return _withheld(f"its host refuses it (status {status}: {said})")
    return Transient(f"The result's host could not give it (status {status}: {said}). Tried again later.")


def _not_counted(error: Unreachable) -> Transient:
    """Give what an unreachable host means: later, no attempt used up, and nothing about the API's own host."""
    again = Transient(str(error), code=error.code, after=_UNREACHABLE_PAUSE)
    again.counts = False
    return again


def data_uri(url: str, limit: int) -> tuple[str, bytes]:
    """Give type (empty if not said) and bytes of a `data:` URI (RFC 2397).

    Raises Withheld (`result_refused`) where it can't be decoded or has more than `limit` bytes.
    """
    head, comma, text = url[len("data:") :].partition(",")
    if not comma:
        raise _withheld("it is a data: address without data")
    if (
        len(text) > 4 * limit + 1024
    ):  # white space in it may be escaped; what is longer than that is not decoded at all
        raise _too_large(limit)
    content = unquote_to_bytes(text)
    if head.lower().endswith(";base64"):
        head = head[: -len(";base64")]
        content = b"".join(content.split()).translate(bytes.maketrans(b"-_", b"+/"))
        try:
            content = base64.b64decode(content + b"=" * (-len(content) % 4), validate=True)
        except binascii.Error:
            raise _withheld("it is a data: address that can't be decoded") from None
    if len(content) > limit:
        raise _too_large(limit)
    return _media_type(head), content


def _write_data(url: str, write: Callable[[bytes], object], limit: int) -> Fetched:
    mime, content = data_uri(url, limit)
    write(content)
    log.debug("download: data: address, %d bytes, sha256 %s", len(content), hashlib.sha256(content).hexdigest())
    return Fetched(len(content), mime, announced=True)


def _media_type(header: str) -> str:
    return plain(header.partition(";")[0], 100).strip().lower()


def _too_large(limit: int) -> Withheld:
    text = f"it has more than {limit / 1e6:.0f} MB; max_result_mb under [limits] can be raised"
    return _withheld(text)


def _withheld(why: str) -> Withheld:
    return Withheld(
        f"The result is not fetched: {why}. It is paid; `hotfolder retry` fetches it again.", code="result_refused"
    )
