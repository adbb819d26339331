"""The record beside a result: what it says, and that any name and prompt goes into it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import timestamp
from daemon.results.provenance import record
from daemon.states import Job
from tests.made import NAMES, made_job

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def recorded(job: Job, result: str = "cat.png") -> dict[str, Any]:
    text = record(job, result=result, sha256="ff", size=9, finished_at=1_700_000_000.25)
    found: dict[str, Any] = json.loads(text.encode("utf-8", "backslashreplace"))
    return found


def test_it_says_where_a_result_comes_from() -> None:
    job = made_job(
        sha256="aa",
        prediction_id="p1",
        request_id="r1",
        submitted_at=0.0,
        cost_usd=0.08,
        request={"body": {"model": "m/1", "prompt": "oil", "image_url": "u", "size": 2}, "rule": {"name": "cats"}},
    )
    found = recorded(job)
    assert found["source"] == {"name": "cat.jpg", "sha256": "aa", "size": 2}
    assert found["result"] == {"name": "cat.png", "sha256": "ff", "size": 9}
    assert (found["model"], found["prompt"]) == ("m/1", "oil")
    assert found["params"] == {"image_url": "u", "size": 2}
    assert (found["prediction_id"], found["request_id"], found["cost_usd"]) == ("p1", "r1", 0.08)
    assert (found["submitted_at"], found["finished_at"]) == (
        "1970-01-01T00:00:00.000Z",
        "2023-11-14T22:13:20.250Z",
    )
    assert "rule" not in json.dumps(found)


@given(NAMES, NAMES, st.dictionaries(st.text(), JSON, max_size=4))
def test_any_name_and_request_can_be_recorded(source: str, result: str, body: dict[str, Any]) -> None:
    found = recorded(made_job(source=f"/srv/{source}", request={"body": body}), result)
    assert found["params"] == {key: value for key, value in body.items() if key not in {"prompt", "model"}}
    assert found["prompt"] == body.get("prompt")


def test_a_prompt_with_odd_bytes_of_a_name_stays_readable() -> None:
    assert recorded(made_job(request={"body": {"prompt": "a \udcff cat"}}))["prompt"] == "a \udcff cat"


@pytest.mark.parametrize("request_", [None, {}, {"body": {}}])
def test_a_job_without_its_request_is_recorded_too(request_: dict[str, Any] | None) -> None:
    assert recorded(made_job(request=request_))["params"] == {}


@given(st.floats(0, 4e9))
def test_times_are_rfc_3339_in_utc(seconds: float) -> None:
    text = timestamp(seconds)
    assert text is not None
    assert len(text) == len("1970-01-01T00:00:00.000Z")
    assert text.endswith("Z")
    assert timestamp(None) is None
