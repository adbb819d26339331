"""The table from status to error, and the words for people."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas.refusals import Answered, Call, error_message, refusal, retry_after
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

NOW = 1_800_000_000.0
ROWS: list[tuple[int, type[StageError], type[StageError], type[StageError], str | None]] = [
    # status, upload, submit, poll, code of the submit
    (400, Rejected, Rejected, PredictionUnready, "bad_request"),
    (401, Blocked, Blocked, Blocked, "key"),
    (402, Blocked, Blocked, Blocked, "balance"),
    (403, Rejected, Rejected, PredictionUnready, "forbidden"),
    (404, Rejected, Rejected, PredictionUnready, "model_unknown"),
    (408, Transient, OutcomeUnknown, Transient, None),
    (409, Transient, OutcomeUnknown, Transient, None),
    (413, Rejected, Rejected, PredictionUnready, "too_large"),
    (418, Rejected, Rejected, PredictionUnready, "refused"),
    (422, Rejected, Rejected, PredictionUnready, "bad_request"),
    (425, Transient, OutcomeUnknown, Transient, None),
    (429, RateLimited, RateLimited, RateLimited, None),
    (451, Rejected, Rejected, PredictionUnready, "region"),
    (500, Transient, OutcomeUnknown, Transient, None),
    (501, Transient, OutcomeUnknown, Transient, None),
    (502, Transient, OutcomeUnknown, Transient, None),
    (503, RateLimited, RateLimited, RateLimited, None),
    (504, Transient, OutcomeUnknown, Transient, None),
    (302, Transient, OutcomeUnknown, Transient, None),
    (307, Transient, Transient, Transient, None),
]


@pytest.mark.parametrize(("status", "upload", "submit", "poll", "code"), ROWS)
def test_the_table(
    status: int, upload: type[StageError], submit: type[StageError], poll: type[StageError], code: str | None
) -> None:
    for call, kind in ((Call.UPLOAD, upload), (Call.SUBMIT, submit), (Call.POLL, poll)):
        error = refusal(Answered(call, status, "the words.", 3.0, "req-1"))
        assert type(error) is kind, call
        assert "the words" in str(error)
        assert ".." not in str(error)
        assert error.request_id == "req-1"
        if isinstance(error, RateLimited):
            assert error.after == 3.0
    if code is not None:
        assert refusal(Answered(Call.SUBMIT, status, "x")).code == code


@given(st.integers(300, 999))
def test_no_status_of_a_submit_is_retried_unless_it_was_certainly_not_accepted(status: int) -> None:
    error = refusal(Answered(Call.SUBMIT, status, "x"))
    if isinstance(error, Transient):
        assert status in {307, 308, 429, 503}


@pytest.mark.parametrize(
    ("said", "expired"),
    [
        ("image_url has expired", True),
        ("failed to download image from https://x/y", True),
        ("Could not fetch the input media", True),
        ("can't load image", True),
        ("unable to access url", True),
        ("file not found", True),
        ("prompt is required", False),
        ("model not found", False),
        ("image is too small", False),
        ("invalid aspect_ratio", False),
    ],
)
def test_a_submit_that_misses_its_upload(said: str, expired: bool) -> None:
    assert isinstance(refusal(Answered(Call.SUBMIT, 400, said)), UploadExpired) is expired
    assert type(refusal(Answered(Call.UPLOAD, 400, said))) is Rejected


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b'{"code":401,"msg":"unauthorized","data":null}', "application/json", "unauthorized"),
        (b'{"message":"bad\\u0000 one"}', "application/json", "bad one"),
        (b'{"error":"broken"}', "application/json", "broken"),
        (b'{"error":{"type":"a","message":"spent"},"request_id":"r"}', "application/json", "spent"),
        (b'{"detail":"no such"}', "", "no such"),
        (
            b"<html><head><title>502 Bad &amp; Gateway</title><style>b{}</style></head><h1>Oh</h1>nginx",
            "text/html",
            "502 Bad & Gateway: Oh nginx",
        ),
        (b"<p>unclosed <script>alert(1)", "", "unclosed"),
        (b"plain\r\n\x1b[31mwords\xff", "text/plain", "plain [31mwords\ufffd"),
        (b"", "", "Bad Gateway"),
        (b"{}", "application/json", "Bad Gateway"),
        (b"[" * 5000, "application/json", None),
    ],
)
def test_what_an_error_says(body: bytes, kind: str, said: str | None) -> None:
    message = error_message(502, body, kind)
    if said is not None:
        assert message == said
    assert len(message) <= 500


@given(st.integers(100, 999), st.binary(max_size=3000), st.sampled_from(["", "text/html", "application/json"]))
def test_what_an_error_says_can_always_be_shown(status: int, body: bytes, kind: str) -> None:
    message = error_message(status, body, kind)
    assert 0 < len(message) <= 500
    assert message.isprintable()
    message.encode()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("0", 0.0),
        ("12", 12.0),
        ("1.5", 1.5),
        ("999999", 3600.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        (formatdate(NOW + 9e6, usegmt=True), 3600.0),
        ("Fri, 99 Foo 2027 99:99:99 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_retry_after_never_fails_and_is_never_long(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 3600
