"""The API's calls and answers: paths out, decoded JSON in, frozen values out. Pure.

Facts are from the vendor's pages on uploads, predictions and the public API, and from its published clients.
Where these disagree on an answer's form, every form is accepted: with or without the envelope `{"code",
"data"}`, and with either name of a field.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from urllib.parse import quote

from daemon.atlas.text import encodable, plain

UPLOAD = "/api/v1/model/uploadMedia"
MODELS = "/api/v1/models"
BALANCE = "/public/v1/balance"

_GENERATE = {
    "image": "/api/v1/model/generateImage",  # 3D models too
    "video": "/api/v1/model/generateVideo",
    "audio": "/api/v1/model/generateAudio",
}
_LONGEST_ID = 200


class Malformed(ValueError):
    """An answer of a form that none of the API's documents knows; the text says what was missing."""


class Phase(Enum):
    """What a prediction's status comes to."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


#: The only list of final statuses (predictions page). Any other one, known or not, is still going.
_FINAL = {
    "completed": Phase.SUCCEEDED,
    "succeeded": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "timeout": Phase.FAILED,
    "cancelled": Phase.FAILED,
    "canceled": Phase.FAILED,
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the API says of a prediction. `outputs` are URLs, `data:` ones among them.

    `error_code` is the API's number (1039: refused by content moderation), `predict_seconds` and `cost` (USD)
    are None where the answer does not tell them.
    """

    id: str
    status: Phase
    raw_status: str
    outputs: tuple[str, ...] = ()
    error: str | None = None
    error_code: int | None = None
    predict_seconds: float | None = None
    cost: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the API says to an accepted generate call; `urls` are those it offers for asking again (`get`)."""

    prediction_id: str
    status: Phase
    outputs: tuple[str, ...]
    urls: Mapping[str, str]
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left to spend; `currency` in lower case, as the API writes it (`usd`)."""

    available: Decimal
    currency: str


def generate_call(kind: str) -> str:
    """Give the path of the generate call for `image`, `video` or `audio`; KeyError for another kind."""
    return _GENERATE[kind]


def prediction_path(prediction_id: str) -> str:
    """Give the path at which a prediction is asked for; the id goes in quoted, whatever it is made of."""
    return f"/api/v1/model/prediction/{quote(prediction_id, safe='')}"


def result_path(prediction_id: str) -> str:
    """Give the path that the pages of some models name instead of the prediction's."""
    return f"/api/v1/model/result/{quote(prediction_id, safe='')}"


def phase(status: str) -> Phase:
    """Say what a status word comes to; an unknown one is still going, until the job's own deadline."""
    return _FINAL.get(status.strip().lower(), Phase.RUNNING)


def upload_url(answer: Any) -> str:
    """Give the temporary URL of an uploaded file; raises Malformed."""
    data = _data(answer)
    for name in ("download_url", "url"):
        url = data.get(name)
        if (
            isinstance(url, str)
            and url.lower().startswith(("https://", "http://"))
            and encodable(url).isprintable()
        ):
            return encodable(url)
    raise Malformed("no URL of the uploaded file")


def submitted(answer: Any) -> Submitted:
    """Read the answer to a generate call; raises Malformed where no prediction id can be found in it."""
    data = _data(answer)
    urls = data.get("urls")
    return Submitted(
        prediction_id=_id(data),
        status=phase(status) if isinstance(status := data.get("status"), str) else Phase.RUNNING,
        outputs=_outputs(data),
        urls={name: url for name, url in urls.items() if isinstance(url, str)} if isinstance(urls, dict) else {},
    )


def prediction(answer: Any, prediction_id: str) -> Prediction:
    """Read what the API says of prediction `prediction_id`; raises Malformed where it tells no status."""
    data = _data(answer)
    status = data.get("status")
    if not isinstance(status, str):
        raise Malformed("no status of the prediction")
    metrics = data.get("metrics")
    return Prediction(
        id=prediction_id,
        status=phase(status),
        raw_status=plain(status, 50),
        outputs=_outputs(data),
        error=_error(data.get("error")),
        error_code=_whole(data.get("error_code")),
        predict_seconds=amount(metrics.get("predict_time")) if isinstance(metrics, dict) else None,
        cost=_cost(data),
    )


def balance(answer: Any) -> Balance:
    """Read the account's balance; raises Malformed."""
    available = _data(answer).get("available")
    if not isinstance(available, dict):
        raise Malformed("no available balance")
    try:
        value = Decimal(str(available.get("value")))
    except InvalidOperation:
        raise Malformed("a balance that is no number") from None
    if not value.is_finite():
        raise Malformed("a balance that is no number")
    return Balance(value, plain(str(available.get("currency", "usd")), 10).lower())


def envelope_code(answer: Any) -> int | None:
    """Give the `code` of an answer's envelope where it is an HTTP error's number (`401` or `"401"`), else None."""
    code = _whole(answer.get("code")) if isinstance(answer, dict) else None
    return code if code is not None and 300 <= code <= 599 else None


def _data(answer: Any) -> dict[str, Any]:
    """Take the envelope off, if there is one."""
    if isinstance(answer, dict):
        inner = answer.get("data")
        return inner if isinstance(inner, dict) else answer
    raise Malformed(f"a JSON {type(answer).__name__} where an object was due")


def _id(data: dict[str, Any]) -> str:
    for name in ("id", "predictionId", "prediction_id"):
        value = data.get(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        # dots alone would be a way up in a path; the rest is quoted there
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_ID and text.strip(".") and _is_word(text):
            return text
    raise Malformed("no prediction id")


def _is_word(text: str) -> bool:
    return text.isprintable() and " " not in text and encodable(text) == text


def _outputs(data: dict[str, Any]) -> tuple[str, ...]:
    """Give the output URLs, from a list or a single string, under either name."""
    for name in ("outputs", "output"):
        value = data.get(name)
        found = value if isinstance(value, list) else [value]
        urls = [entry.get("url") if isinstance(entry, dict) else entry for entry in found]
        if texts := tuple(encodable(url) for url in urls if isinstance(url, str) and url):
            return texts
    return ()


def _error(value: Any) -> str | None:
    """Give a prediction's error in words, on one line; None for the empty forms of "no error"."""
    if isinstance(value, dict):
        value = value.get("message") or value.get("msg")
    return plain(value) or None if isinstance(value, str) else None


def _cost(data: dict[str, Any]) -> float | None:
    """Give what a prediction cost, under either name, as a number or as money; None until it is settled."""
    for name in ("price", "cost"):
        value = data.get(name)
        usd = amount(value.get("value") if isinstance(value, dict) else value)
        if usd is not None:
            return usd
    return None


def _whole(value: Any) -> int | None:
    """Give a whole number that may come as a string, or None."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount(value: Any) -> float | None:
    """Give a finite number that is not negative, or None."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
