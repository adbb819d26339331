"""Every documented form of an answer is read alike; every other one is Malformed, never another exception."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas import catalogue, wire
from daemon.atlas.wire import Malformed, Phase

TEXT = st.text(st.characters())  # lone surrogates too, as JSON can carry them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
WORDS = (
    "code data id predictionId status output outputs url urls error message error_code metrics predict_time cost "
    "available value currency download_url model type price actual base_price schema components schemas Input "
    "properties required $ref allOf"
)
NAMES = st.sampled_from(WORDS.split())
LIKELY = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=20
)


@given(LIKELY)
def test_whatever_comes_is_read_or_malformed_and_what_is_read_can_be_stored(answer: Any) -> None:
    for parse in (
        wire.upload_url,
        wire.submitted,
        lambda decoded: wire.prediction(decoded, "p"),
        wire.balance,
        catalogue.parse,
        catalogue.parse_schema,
    ):
        with contextlib.suppress(Malformed):
            parse(answer)
    with contextlib.suppress(Malformed):
        submitted = wire.submitted(answer)
        submitted.prediction_id.encode()
        "".join(submitted.outputs).encode()
        assert submitted.prediction_id.strip(".")
    with contextlib.suppress(Malformed):
        prediction = wire.prediction(answer, "p")
        (prediction.raw_status + (prediction.error or "") + "".join(prediction.outputs)).encode()
    code = wire.envelope_code(answer)
    assert code is None or 300 <= code <= 599


@pytest.mark.parametrize(
    "answer",
    [
        {
            "code": 200,
            "message": "ok",
            "data": {"type": "image", "download_url": "https://x/a", "filename": "a", "size": 1},
        },
        {"url": "https://x/a"},
        {"data": {"url": "https://x/a"}},
        {"download_url": "https://x/a"},
    ],
)
def test_forms_of_an_upload(answer: Any) -> None:
    assert wire.upload_url(answer) == "https://x/a"


@pytest.mark.parametrize("answer", [{}, [], None, "x", {"url": 1}, {"url": "file:///x"}, {"url": "https://x/\n"}])
def test_an_upload_without_a_usable_url(answer: Any) -> None:
    with pytest.raises(Malformed):
        wire.upload_url(answer)


@pytest.mark.parametrize(
    "answer", [{"id": ""}, {"id": ".."}, {"id": "a b"}, {"id": None}, {"id": True}, {"data": []}, {}]
)
def test_a_submit_without_a_usable_id(answer: Any) -> None:
    with pytest.raises(Malformed):
        wire.submitted(answer)


def test_a_submit_that_is_over_already() -> None:
    submitted = wire.submitted({"data": {"id": 17, "status": "completed", "outputs": ["https://x/1"]}})
    assert submitted == wire.Submitted("17", Phase.SUCCEEDED, ("https://x/1",), {})


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        *((word, Phase.RUNNING) for word in ["created", "queued", "pending", "starting", "processing", "running"]),
        *((word, Phase.SUCCEEDED) for word in ["completed", "succeeded", "Succeeded"]),
        *((word, Phase.FAILED) for word in ["failed", "timeout", "cancelled", "canceled"]),
        ("what-else", Phase.RUNNING),
        ("", Phase.RUNNING),
    ],
)
def test_statuses(status: str, phase: Phase) -> None:
    assert wire.prediction({"status": status}, "p").status is phase


@pytest.mark.parametrize(
    ("fields", "outputs"),
    [
        ({"outputs": ["https://x/1", "https://x/2"]}, ("https://x/1", "https://x/2")),
        ({"output": "https://x/1"}, ("https://x/1",)),
        ({"outputs": "data:image/png;base64,AA=="}, ("data:image/png;base64,AA==",)),
        ({"outputs": [], "output": ["https://x/1"]}, ("https://x/1",)),
        ({"outputs": [{"url": "https://x/1"}, None, 3, ""]}, ("https://x/1",)),
        ({"outputs": None}, ()),
        ({}, ()),
    ],
)
def test_forms_of_outputs(fields: dict[str, Any], outputs: tuple[str, ...]) -> None:
    assert wire.prediction({"status": "completed", **fields}, "p").outputs == outputs
    assert wire.prediction({"code": 200, "data": {"status": "completed", **fields}}, "p").outputs == outputs


def test_what_a_failed_prediction_tells() -> None:
    data = {
        "status": "failed",
        "error": "refused\x00 by\nmoderation",
        "error_code": "1039",
        "metrics": {"predict_time": 2.5},
    }
    prediction = wire.prediction({"data": data}, "p")
    assert (prediction.error, prediction.error_code, prediction.predict_seconds) == (
        "refused by moderation",
        1039,
        2.5,
    )
    assert wire.prediction({"status": "failed", "error": {"message": "no"}}, "p").error == "no"
    assert wire.prediction({"status": "completed", "error": ""}, "p").error is None


@pytest.mark.parametrize("seconds", [True, "x", -1, float("nan"), float("inf"), None, []])
def test_a_duration_that_is_none(seconds: Any) -> None:
    assert (
        wire.prediction({"status": "completed", "metrics": {"predict_time": seconds}}, "p").predict_seconds is None
    )


def test_balance() -> None:
    answer = {"available": {"value": "125.500000", "currency": "USD"}, "cash": {}}
    assert wire.balance(answer) == wire.Balance(Decimal("125.5"), "usd")
    wrongs: list[Any] = [{}, {"available": {}}, {"available": {"value": "NaN"}}, {"available": 3}]
    for wrong in wrongs:
        with pytest.raises(Malformed):
            wire.balance(wrong)


@pytest.mark.parametrize(
    ("code", "meant"), [(401, 401), ("402", 402), (200, None), ("200", None), (1039, None), (None, None)]
)
def test_envelope_codes(code: Any, meant: int | None) -> None:
    assert wire.envelope_code({"code": code}) == meant


def test_paths() -> None:
    assert wire.generate_call("audio") == "/api/v1/model/generateAudio"
    assert wire.result_path("a/../b") == "/api/v1/model/result/a%2F..%2Fb"
    with pytest.raises(KeyError):
        wire.generate_call("text")
