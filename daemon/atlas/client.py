"""The API's client: one method per call. Thread-safe.

Each method makes one attempt; whether and when there is another is decided by the job table. Errors are those
of errors.py, with words for the job's owner. The key is asked for anew with each call, sent to the API's own
host alone, and in no message, log line or repr.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, AnyStr, TypeVar
from urllib.parse import urlsplit

from daemon.atlas import catalogue, charges, download, wire
from daemon.atlas.addresses import is_loopback
from daemon.atlas.deadline import Deadline
from daemon.atlas.exchange import Exchanges, Request, Response, Timeouts
from daemon.atlas.multipart import FileBody
from daemon.atlas.refusals import Answered, Call, error_message, refusal, retry_after, unknown_submit
from daemon.atlas.text import plain
from daemon.clock import Clock
from daemon.errors import Blocked, OutcomeUnknown, Rejected, StageError, Transient, Withheld

log = logging.getLogger(__name__)

#: The longest JSON answer that is read, in bytes; one with `data:` outputs can be long.
LONGEST_ANSWER = 64 * 1024 * 1024
#: Pages of charges: 50,000 rows.
_MOST_PAGES = 50
_LONGEST_ERROR = 64 * 1024
_LONGEST_SCHEMA = 8 * 1024 * 1024

#: What is shorter, in characters, is no secret, as the sandbox's key is none; it may be part of any address.
_SHORTEST_SECRET = 12
#: Stands where an answer repeats the key.
_NO_KEY = "[the key]"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file: its temporary URL, and the SHA-256 (hex) of the bytes sent, None if they were given."""

    url: str
    sha256: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    content_type: str
    after: float | None
    request_id: str | None
    key: str = field(repr=False)  # that was sent along, or empty

    @property
    def words(self) -> bytes:
        """The body for a message or the log: some proxies tell in their errors what they were sent."""
        return _without(self.key, self.body)


class Client:
    """The API at `base_url` (checked by the configuration), with the key that `key()` gives at each call.

    An empty key is no key: calls that need one raise Blocked(`key`). If the API is this machine (the sandbox),
    results may come from this machine too, by http.
    """

    def __init__(
        self, base_url: str, key: Callable[[], str], clock: Clock, *, timeouts: Timeouts | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        loopback = is_loopback(urlsplit(base_url).hostname or "")
        self._exchanges = Exchanges(self._timeouts, loopback=loopback)

    def upload(self, fd: int, name: str, size: int, mime: str, content: bytes | None = None) -> Upload:
        """Upload the open file `fd` of `size` bytes; `name` may be any file name, only its extension matters.

        `content`: its bytes, if they are at hand; then the file is not read.

        Raises SourceChanged if the file has more or fewer bytes, and what `refusals.refusal` gives.
        """
        call = Deadline(self._timeouts.stall, renewed=True)
        body = FileBody(fd, name, size, mime, sent=call.moved, content=content)
        answer = self._ask(call, "POST", wire.UPLOAD, data=body, content_type=body.content_type)
        url = _read(Call.UPLOAD, answer, wire.upload_url)
        if not body.complete:
            raise Transient(
                "The upload broke off before its end. Tried again later.", request_id=answer.request_id
            )
        return Upload(url, body.sha256, answer.request_id)

    def submit(self, kind: str, body: Mapping[str, Any]) -> wire.Submitted:
        """Send a generate call (`image`, `video`, `audio`) once. It costs money if it is accepted.

        Raises OutcomeUnknown wherever it is not certain that it was not accepted, an answer that can't be read
        included; Unreachable, LocalTrouble, RateLimited, Rejected, Blocked, UploadExpired: certainly not accepted.
        """
        try:
            text = json.dumps(body, allow_nan=False).encode("ascii")
        except (TypeError, ValueError) as error:  # TOML has dates, nan and inf; JSON has not
            said = "The folder's params hold a value that can't be sent, such as a date or nan. Write it as text."
            raise Rejected(said, code="bad_request") from error
        call = Deadline(self._timeouts.submit, spends=True)
        answer = self._ask(call, "POST", wire.generate_call(kind), data=text, content_type="application/json")
        return replace(_read(Call.SUBMIT, answer, wire.submitted), request_id=answer.request_id)

    def prediction(self, prediction_id: str) -> wire.Prediction:
        """Ask how a prediction is doing. Raises PredictionUnready where the API does not know it (yet).

        The pages of some models name the path `result` instead; it is tried where `prediction` answers 404.
        """
        answer = self._ask(Deadline(self._timeouts.answer), "GET", wire.prediction_path(prediction_id))
        if answer.status == 404:
            other = self._ask(Deadline(self._timeouts.answer), "GET", wire.result_path(prediction_id))
            answer = other if other.status == 200 else answer
        found = _read(Call.POLL, answer, lambda decoded: _prediction(decoded, prediction_id, answer.key))
        return replace(found, request_id=answer.request_id)

    def models(self) -> tuple[catalogue.Model, ...]:
        """Give the models of the catalogue. Needs no key."""
        answer = self._ask(Deadline(self._timeouts.answer), "GET", wire.MODELS, with_key=False)
        return _read(Call.CATALOGUE, answer, catalogue.parse)

    def schema(self, url: str) -> catalogue.Schema:
        """Give a model's schema from the URL that the catalogue names, fetched like a result, without the key.

        Raises Transient where it can't be had or read.
        """
        parts: list[bytes] = []
        try:
            self.download(url, parts.append, _LONGEST_SCHEMA)
            return catalogue.parse_schema(json.loads(b"".join(parts)))
        except Transient:
            raise
        except (StageError, ValueError, RecursionError) as error:
            raise Transient("The model's schema can't be had or read.") from error

    def balance(self) -> wire.Balance:
        """Give what is left to spend."""
        answer = self._ask(Deadline(self._timeouts.answer), "GET", wire.BALANCE)
        return _read(Call.BALANCE, answer, wire.balance)

    def charges(self, first: str, after: str) -> tuple[charges.Charge, ...]:
        """Give what was charged by UTC day and model, from the day `first` until before `after` (2026-01-31)."""
        found: list[charges.Charge] = []
        page: str | None = None
        for _ in range(_MOST_PAGES):
            path = charges.path(first, after, page)
            answer = self._ask(Deadline(self._timeouts.answer), "GET", path)
            rows, page = _read(Call.COSTS, answer, charges.parse)
            found += rows
            if page is None:
                break
        return tuple(found)

    def download(
        self,
        url: str,
        write: Callable[[bytes], object],
        limit: int,
        on_silence: Callable[[], None] | None = None,
    ) -> download.Fetched:
        """Fetch a result, see `download.fetch`; never with the key."""
        return download.fetch(self._exchanges, url, write, limit, self._clock.wall, on_silence)

    def interrupt(self, *, submits: bool = False) -> None:
        """Cut off the calls under way, which then raise Transient, so that threads can end.

        Submits are left alone unless `submits`: cut off, their outcome is unknown.
        """
        self._exchanges.interrupt(spending=submits)

    def drop_idle(self) -> None:
        """Close connections that only wait for a next call, as this machine is short of descriptors."""
        self._exchanges.drop_idle()

    def close(self) -> None:
        """Let go of all connections; for when no call is under way any more."""
        self._exchanges.close()

    def _ask(
        self,
        call: Deadline,
        method: str,
        path: str,
        *,
        data: Any = None,
        content_type: str | None = None,
        with_key: bool = True,
    ) -> _Answer:
        """Make one call to the API's own host and read its answer, whatever its status."""
        headers = {"Content-Type": content_type} if content_type else {}
        key = self._usable_key() if with_key else ""
        if key:
            headers["Authorization"] = f"Bearer {key}"
        with self._exchanges.send(call, Request(method, self._base_url + path, headers, data)) as response:
            request_id = plain(_without(key, response.header("X-Request-ID")), 100) or None
            log.debug("%s %s: %d, request id %s", method, path, response.status, request_id)
            return _Answer(
                status=response.status,
                body=_whole(response, request_id, spends=call.spends),
                content_type=response.header("Content-Type"),
                after=retry_after(response.header("Retry-After"), self._clock.wall()),
                request_id=request_id,
                key=key,
            )

    def _usable_key(self) -> str:
        key = self._key().strip()
        if not key:
            raise Blocked(
                "No API key is set. Set ATLASCLOUD_API_KEY or api_key_file; work goes on then.", code="key"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise Blocked(
                "The API key holds characters that no key has. Set it anew; work goes on then.", code="key"
            )
        return key


def _whole(response: Response, request_id: str | None, *, spends: bool) -> bytes:
    """Read an answer's body; of an error no more than its beginning, which may be all that comes of it."""
    good = response.status == 200
    limit = LONGEST_ANSWER if good else _LONGEST_ERROR
    parts, size = [], 0
    try:
        for piece in response.pieces():
            parts.append(piece)
            size += len(piece)
            if size > limit:
                break
    except (Transient, OutcomeUnknown):
        if good:
            raise
    if good and size > limit:
        if spends:
            raise OutcomeUnknown(
                unknown_submit("Atlas Cloud's answer is too long to be read"), request_id=request_id
            )
        raise Withheld("The API's answer is too long to be read.", code="result_refused", request_id=request_id)
    return b"".join(parts)[:limit]


def _without(key: str, said: AnyStr) -> AnyStr:
    """Give what the API said with `key` replaced, wherever it says it."""
    if len(key) < _SHORTEST_SECRET:
        return said
    if isinstance(said, bytes):
        return said.replace(key.encode(), _NO_KEY.encode())
    return said.replace(key, _NO_KEY)


def _prediction(decoded: Any, prediction_id: str, key: str) -> wire.Prediction:
    """Read a prediction; where it is no success, words of it become messages, which are to be without the key."""
    found = wire.prediction(decoded, prediction_id)
    if found.status is wire.Phase.SUCCEEDED:
        return found  # its URLs are paid: they must stay as they are
    # before the words are shortened, or a part of the key could be left
    return wire.prediction(json.loads(_without(json.dumps(key)[1:-1], json.dumps(decoded))), prediction_id)


def _read(call: Call, answer: _Answer, parse: Callable[[Any], T]) -> T:
    """Give what `parse` makes of an answer, or raise what follows from its status or its envelope's.

    A form that can be read counts before the envelope's code: an accepted submit's id must never be lost.
    """
    status = answer.status
    if 200 <= status <= 299:
        decoded: Any = None
        try:
            decoded = json.loads(answer.body)
            return parse(decoded)
        except (ValueError, RecursionError) as error:
            status = wire.envelope_code(decoded) or 0
            if not status:
                raise _unreadable(call, answer, error) from error
    # once more: written with escapes of JSON or HTML, a key shows only now
    said = _without(answer.key, error_message(status, answer.words, answer.content_type))
    raise refusal(Answered(call, status, said, answer.after, answer.request_id))


def _unreadable(call: Call, answer: _Answer, error: Exception) -> StageError:
    """Give the error for a success that can't be read: for a submit, nobody knows what it did."""
    why = str(error) if isinstance(error, wire.Malformed) else "no JSON, or only a part of it"
    said = plain(answer.words[:2000].decode("utf-8", "replace"))
    log.warning(
        "The %s call's answer can't be read (%s), request id %s: %s", call.value, why, answer.request_id, said
    )
    text = f"Atlas Cloud's answer can't be read ({why})"
    if call is Call.SUBMIT:
        return OutcomeUnknown(unknown_submit(text), request_id=answer.request_id)
    return Transient(f"{text}. Tried again later.", request_id=answer.request_id)
