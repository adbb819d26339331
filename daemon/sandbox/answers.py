"""What the API answers, in each of the forms in which its documents and published clients know it. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.sandbox.settings import Form

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: its body is `body`, or the file at `path` (`size` bytes) where that is set."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    size: int = 0

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return len(self.body) if self.path is None else self.size

    def whole_body(self) -> bytes:
        """Give the body in memory; only for answers that are to be damaged on their way."""
        if self.path is None:
            return self.body
        with open(self.path, "rb") as file:
            return file.read()


class Refusal(Exception):
    """The call is answered with an error: HTTP status and the message of the error's envelope."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def json_answer(data: object, status: int = 200) -> Answer:
    """Give `data` as a JSON answer."""
    return Answer(status, json.dumps(data).encode())


def error(status: int, message: str, request_id: str) -> Answer:
    """Give the error envelope of the /api/v1 calls (errors page)."""
    return json_answer({"code": status, "msg": message, "request_id": request_id, "data": None}, status)


def public_error(status: int, message: str, request_id: str) -> Answer:
    """Give the error of the /public/v1 calls, which has a form of its own (public API page)."""
    kind = {401: "authentication_error", 402: "billing_error"}.get(status, "invalid_request_error")
    return json_answer(
        {"error": {"type": kind, "code": str(status), "message": message}, "request_id": request_id}, status
    )


def _formed(data: Mapping[str, Any], form: Form) -> Answer:
    return json_answer({"code": 200, "message": "success", "data": data} if form == "envelope" else data)


def upload(form: Form, *, url: str, filename: str, size: int, media_type: str) -> Answer:
    """Answer uploadMedia: clients read data.download_url, the upload page's examples read url."""
    if form == "seed":
        return json_answer({"url": url})
    data = {"type": media_type.partition("/")[0], "download_url": url, "filename": filename, "size": size}
    return _formed(data, form)


def submit(form: Form, *, prediction_id: str, model: str, poll_url: str) -> Answer:
    """Answer a generate call: data.id, {"id","status"} alone, or the examples' {"predictionId"}."""
    if form == "seed":
        return json_answer({"predictionId": prediction_id})
    if form == "bare":
        return json_answer({"id": prediction_id, "status": "created"})
    data = {"id": prediction_id, "model": model, "status": "created", "outputs": [], "urls": {"get": poll_url}}
    return _formed(data, form)


def prediction(form: Form, view: Mapping[str, Any]) -> Answer:
    """Answer a poll. The upload page says nothing of it, so "seed" gives the form without envelope."""
    return _formed(view, form)


def balance(value: str) -> Answer:
    """Answer /public/v1/balance; `value` in USD with six decimals."""
    money = {"value": value, "currency": "usd"}
    return json_answer({"available": money, "cash": money})


def costs(days: Mapping[str, Sequence[tuple[str, str]]]) -> Answer:
    """Answer /public/v1/model-costs: by day, each model with what was charged for it in USD with six decimals."""
    buckets = [
        {
            "object": "model_cost.bucket",
            "date": day,
            "partial": False,
            "results": [
                {
                    "object": "model_cost.result",
                    "model": {"id": f"ms-{model}", "name": model},
                    "amount": {"value": value, "currency": "usd"},
                }
                for model, value in rows
            ],
        }
        for day, rows in days.items()
    ]
    return json_answer({"object": "list", "scope": "self", "data": buckets, "has_more": False, "next_page": None})
