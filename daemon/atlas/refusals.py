"""What an answer that is no success means: the one table from HTTP status to error, and its words. Pure.

The statuses are those of the vendor's errors page; what it leaves open is decided here, with the reason
beside it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

from daemon.atlas.text import from_html, plain
from daemon.errors import (
    Blocked,
    OutcomeUnknown,
    PredictionUnready,
    RateLimited,
    Rejected,
    StageError,
    Transient,
    UploadExpired,
)

#: The longest pause that a Retry-After may ask for, in seconds.
LONGEST_PAUSE = 3600.0


class Call(Enum):
    """Which call was answered; the value names it in messages."""

    UPLOAD = "upload"
    SUBMIT = "submit"
    POLL = "poll"
    CATALOGUE = "catalogue"
    BALANCE = "balance"
    COSTS = "costs"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is no success. `said` is its message, `after` the pause that it asks for, in seconds."""

    call: Call
    status: int
    said: str
    after: float | None = None
    request_id: str | None = None


_MOVE_BACK = "Then move the file from failed/ back into the inbox."
#: Refused for good: code for the job's row, and a sentence for its owner.
_REJECTIONS: Mapping[int, tuple[str, str]] = {
    400: (
        "bad_request",
        (
            "Atlas Cloud can't use the request: {said}. "
            f"Correct the folder's model, prompt, input or params, or the file itself. {_MOVE_BACK}"
        ),
    ),
    403: (
        "forbidden",
        (
            "Atlas Cloud does not allow this with your API key: {said}. "
            f"Use a key that may use this model, or ask Atlas Cloud to allow it. {_MOVE_BACK}"
        ),
    ),
    404: (
        "model_unknown",
        (
            "Atlas Cloud does not know the folder's model: {said}. "
            f"Correct the model's name; `hotfolder check` suggests names. {_MOVE_BACK}"
        ),
    ),
    413: (
        "too_large",
        (
            "The file is too large for Atlas Cloud, which takes 50 MB at most: {said}. "
            "Make the file smaller and drop it into the inbox again."
        ),
    ),
    451: (
        "region",
        (
            "Atlas Cloud does not serve the country or region that this computer calls from: {said}. "
            f"Ask Atlas Cloud whether your account can be allowed. {_MOVE_BACK}"
        ),
    ),
}
_REJECTIONS = {**_REJECTIONS, 422: _REJECTIONS[400]}
_OTHER_REJECTION = (
    "refused",
    (
        "Atlas Cloud refused the request (status {status}): {said}. "
        f"Run `hotfolder check`; if it finds nothing, ask Atlas Cloud with the ids below. {_MOVE_BACK}"
    ),
)

#: Client errors that do not say "no for good": time-out, conflict, too early. A submit may have got through.
_UNDECIDED = frozenset({408, 409, 425})
#: The request was not performed and is to be sent elsewhere with the same method (RFC 9110, 15.4.8 and 15.4.9).
#: After 301, 302 and 303 the server may have performed it: a POST's answer often sends on to its result.
_SENT_ELSEWHERE = frozenset({307, 308})

_EXPIRED = re.compile(
    r"expired|no longer|not (be )?found|not accessible|inaccessible|unreachable"
    r"|(fail(ed)?|unable|could ?n[o']t|can ?n[o']t|can't|error)\W+(\w+\W+){0,3}?"
    r"(download|fetch|access|load|retriev|read)",
    re.IGNORECASE,
)
_MEDIA = re.compile(  # not \b: fields are called `image_url`
    r"(?<![a-z])(urls?|links?|images?|videos?|audios?|media|files?|download(ing)?|fetch(ing)?)(?![a-z])",
    re.IGNORECASE,
)


def refusal(answered: Answered) -> StageError:
    """Give the error that follows from an answer with a status other than success."""
    status, said, request_id = answered.status, answered.said.rstrip("."), answered.request_id
    if status == 401:
        text = f"Atlas Cloud does not accept the API key ({said}). Set a valid key; work goes on by itself then."
        return Blocked(text, code="key", request_id=request_id)
    if status == 402:
        text = f"The Atlas Cloud account has no balance left ({said}). Top it up; work goes on by itself then."
        return Blocked(text, code="balance", request_id=request_id)
    if status in {429, 503}:
        text = f"Atlas Cloud asks for fewer requests or a pause (status {status}: {said}). Tried again later."
        return RateLimited(text, after=answered.after, request_id=request_id)
    if not 400 <= status <= 499 or status in _UNDECIDED:
        return _undecided(answered)
    return _refused(answered)


def _refused(answered: Answered) -> StageError:
    """Give the error for a client error that is an answer: the request was not carried out."""
    status, call, request_id = answered.status, answered.call, answered.request_id
    if call is Call.POLL:
        # it was paid, so no client error may fail the job: patience first, then it is held for a person
        text = f"Atlas Cloud does not know the prediction, or not yet (status {status}: {answered.said})."
        return PredictionUnready(text, request_id=request_id)
    if call is Call.SUBMIT and status in {400, 422} and speaks_of_expired_upload(answered.said):
        return UploadExpired(
            f"The uploaded file is gone from Atlas Cloud: {answered.said}.", request_id=request_id
        )
    return _rejection(answered)


def _undecided(answered: Answered) -> StageError:
    """Give the error for an answer that leaves open whether the request was carried out."""
    said = f"status {answered.status}: {answered.said.rstrip('.')}"
    if answered.call is Call.SUBMIT and answered.status not in _SENT_ELSEWHERE:
        text = unknown_submit(f"Atlas Cloud answered with {said}")
        return OutcomeUnknown(text, request_id=answered.request_id)
    text = f"Atlas Cloud's address sends on to another one ({said}), which is not followed. Correct base_url."
    if not 300 <= answered.status <= 399:
        text = f"Atlas Cloud could not answer the {answered.call.value} call ({said}). Tried again later."
    return Transient(text, after=answered.after, request_id=answered.request_id)


def _rejection(answered: Answered) -> Rejected:
    known = _REJECTIONS.get(answered.status, _OTHER_REJECTION)
    if answered.status == 404 and answered.call is not Call.SUBMIT:
        known = _OTHER_REJECTION
    code, sentence = known
    text = sentence.format(said=answered.said.rstrip("."), status=answered.status)
    return Rejected(text, code=code, request_id=answered.request_id)


def unknown_submit(what: str) -> str:
    """Give the words for a submit of unknown outcome; `what` happened, without a full stop."""
    return (
        f"{what}, so it is not known whether the generation was started and charged. "
        "It is not sent again by itself. "
        "Look in your Atlas Cloud console: `hotfolder attach` takes the prediction that you find there, "
        "`hotfolder retry --pay-again` sends anew."
    )


def speaks_of_expired_upload(said: str) -> bool:
    """Tell whether a refused submit complains that an input's URL can't be fetched (any more).

    A guess from words, as the API has no code for it. If it is wrong, one more upload is made, which costs
    nothing.
    """
    return bool(_EXPIRED.search(said) and _MEDIA.search(said))


def error_message(status: int, body: bytes, content_type: str) -> str:
    """Give what an error answer says, on one line of at most 500 characters.

    Known are `msg`, `message`, `detail`, `error` and `error.message` of a JSON object, HTML (a proxy's), and
    plain text; an empty body gives the status in words.
    """
    text = body[:65536].decode("utf-8", "replace")
    try:
        said = _said(json.loads(text))
    except (ValueError, RecursionError):
        is_page = "html" in content_type.lower() or text.lstrip()[:1] == "<"
        said = from_html(text) if is_page else text
    return plain(said) or _phrase(status)


def _said(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    if not isinstance(answer, dict):
        return ""
    for name in ("msg", "message", "error", "detail"):
        if said := _said(answer.get(name)):
            return said
    return ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"


def retry_after(value: str | None, now: float) -> float | None:
    """Give the seconds that a Retry-After header asks to wait, at most an hour; None where it can't be read.

    `value` is a number of seconds or an HTTP date (RFC 9110, 10.2.3), `now` the wall clock in seconds since
    the epoch.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text, re.ASCII):
        return min(float(text), LONGEST_PAUSE)
    try:
        date = parsedate_to_datetime(text)
        # a date without a zone is meant as GMT
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(at - now, 0.0), LONGEST_PAUSE)
