"""Money is spent at most once: uploads and submits that are refused, what a closed gate stops, and a cancel."""

import time
from typing import Any

import pytest

from daemon.errors import Refused
from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House
from tests.daemon.samples import picture
from tests.support import wait_for


@pytest.mark.parametrize("code", [429, 503])
def test_a_refusal_for_the_rate_is_tried_again_and_paid_once(house: House, code: int) -> None:
    house.sandbox.fault("submit", "status", code=code, count=2)
    house.start()
    job = house.hurried(house.drop("cat.png", picture()))
    assert job.attempts == 0
    assert len(house.submits()) == 3
    assert len(house.sandbox.submits()) == 1
    assert house.results() == {"cat.png": picture()}


def test_an_api_that_can_not_be_reached_is_waited_for(house: House) -> None:
    house.start()
    house.sandbox.stop()
    source = house.drop("cat.png", picture())
    wait_for(lambda: "unreachable" in house.gates(), 10, "the gate")
    second = house.drop("dog.png", picture(2))
    house.until(second, State.QUEUED)
    house.sandbox.start()
    house.hurry()
    house.until(source)
    house.until(second)
    assert house.gates() == {}
    assert len(house.submits()) == 2
    assert all(job.attempts == 0 for job in house.jobs())


def test_a_connection_refused_between_upload_and_submit_costs_nothing_and_loses_nothing(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    house.sandbox.stop()
    house.hurry()
    wait_for(lambda: "unreachable" in house.gates(), 10, "the gate")
    assert house.until(source, State.UPLOADED).error_code is None
    house.sandbox.start()
    house.hurried(source)
    assert len(house.submits()) == 1
    assert house.sandbox.count("upload") == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "bad_request"),
        (403, "forbidden"),
        (404, "model_unknown"),
        (413, "too_large"),
        (451, "region"),
        (418, "refused"),
    ],
)
def test_a_refusal_for_good_fails_the_job_with_what_the_api_said(house: House, code: int, reason: str) -> None:
    house.sandbox.fault("submit", "status", code=code, message="the sky is too blue")
    house.start()
    bad = house.drop("cat.png", picture(1))
    job = house.until_failed(bad, reason)
    house.until(house.drop("dog.png", picture(2)))
    assert "the sky is too blue" in house.failed("cat.png")
    assert job.request_id
    assert job.request_id in house.failed("cat.png")
    assert len(house.submits()) == 2


def test_a_request_that_the_model_refuses_names_the_field(house: House) -> None:
    house.start(model="atlascloud/image-upscaler")
    house.drop("cat.png.toml", b'params = { aspect_ratio = "1:77" }')  # a rule's own params are looked at before
    house.until_failed(house.drop("cat.png", picture()), "bad_request")
    assert "aspect_ratio" in house.failed("cat.png")
    assert house.sandbox.submits() == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"code": 500}),
        ("status", {"code": 502, "html": True}),
        ("status", {"code": 429}),
        ("reset_before", {"after_bytes": 10}),
        ("reset_after", {}),
        ("cut_json", {}),
        ("html_200", {}),
        ("other_form", {}),
    ],
)
def test_an_upload_that_breaks_is_made_anew(house: House, kind: str, options: dict[str, Any]) -> None:
    house.sandbox.fault("upload", kind, **options)
    house.start()
    house.hurried(house.drop("cat.png", picture()))
    assert house.sandbox.count("upload") == 2
    assert len(house.submits()) == 1


def test_an_upload_that_keeps_breaking_fails_its_job_in_the_end(house: House) -> None:
    house.sandbox.fault("upload", "status", code=500, count=None)
    house.start()
    source = house.drop("cat.png", picture())
    house.hurried(source, State.FAILED)
    assert house.submits() == []
    house.sandbox.clear_faults()
    house.daemon.parts.actions.retry([house.jobs()[0].id])
    house.until(source)
    assert list(house.results()) == ["cat.png"]


def test_an_upload_that_is_refused_as_too_large_fails_its_job(house: House) -> None:
    house.sandbox.set(limit_mb=0.00001)
    house.start()
    house.until_failed(house.drop("cat.png", picture()), "too_large")
    assert "50 MB" in house.failed("cat.png")
    assert house.submits() == []


def test_an_upload_that_expired_is_made_anew_once(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    house.sandbox.expire_uploads()
    house.hurried(source)
    assert house.sandbox.count("upload") == 2
    assert len(house.sandbox.submits()) == 1


def test_an_upload_that_always_expires_fails_its_job(house: House) -> None:
    house.sandbox.fault("submit", "upload_expired", count=None)
    house.start()
    house.hurried(house.drop("cat.png", picture()), State.FAILED, code="upload_expired")
    assert house.sandbox.count("upload") == 2
    assert house.sandbox.submits() == []


def test_an_upload_that_grew_too_old_while_it_waited_is_made_anew(house: House) -> None:
    house.start(sidecar_wait=30.0)
    source = house.drop("cat.png", picture())
    job = house.until(source, State.UPLOADED)
    house.daemon.parts.store.amend(job, uploaded_at=(job.uploaded_at or 0) - 3600)
    house.hurried(source)
    assert house.sandbox.count("upload") == 2
    assert len(house.submits()) == 1


def test_the_balance_that_is_spent_stops_spending_and_fails_nothing(house: House) -> None:
    house.sandbox.set(balance=0.015)
    house.start(in_flight=1)
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(4)]
    wait_for(lambda: "balance" in house.gates(), 10, "the gate")
    house.until_rest()
    states = sorted(job.state for job in house.jobs() if job.state is not State.DONE)
    assert states.count(State.HELD) == 1
    assert len(states) == 3
    house.hurry()
    house.until_rest()
    assert "balance" in house.gates()
    refused = len(house.submits())
    house.sandbox.set(balance=10)
    house.hurry()
    for source in sources:
        house.until(source)
    assert refused == 2
    assert len(house.sandbox.submits()) == 4
    assert len(house.results()) == 4


def test_a_key_that_is_refused_stops_all_and_fails_nothing(house: House) -> None:
    house.sandbox.set(keys=["another"])
    house.start({"a": {}, "b": {}})
    sources = [house.drop(f"{number}.png", picture(number), "ab"[number % 2]) for number in range(6)]
    wait_for(lambda: "key" in house.gates(), 10, "the gate")
    wait_for(lambda: len(house.jobs()) == 6, 10, "the jobs")
    house.until_rest()
    held = [job for job in house.jobs() if job.state is State.HELD]
    assert {job.error_code for job in held} == {"key"}
    assert {job.state for job in house.jobs()} <= {State.HELD, State.QUEUED}
    house.sandbox.set(keys=None)
    house.hurry()
    for source in sources:
        house.until(source)
    assert house.gates() == {}
    assert len(house.sandbox.submits()) == 6


def test_a_key_that_is_refused_holds_one_job_where_one_at_a_time_is_uploaded(house: House) -> None:
    house.sandbox.set(keys=["another"])
    house.start(limits={"uploads": 1})
    for number in range(4):
        house.drop(f"{number}.png", picture(number))
    wait_for(lambda: "key" in house.gates() and len(house.jobs()) == 4, 10, "the gate")
    house.until_rest()
    states = sorted(job.state for job in house.jobs())
    assert states == [State.HELD, *[State.QUEUED] * 3]


def test_a_key_that_goes_bad_while_a_prediction_runs_loses_nothing(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    house.sandbox.set(keys=["another"])
    house.sandbox.end_predictions()
    house.hurry()
    wait_for(lambda: "key" in house.gates(), 10, "the gate")
    house.sandbox.set(keys=None)
    house.hurried(source)
    assert len(house.submits()) == 1


def test_a_pause_stops_spending_survives_a_restart_and_ends_when_a_person_says_so(house: House) -> None:
    house.start({"a": {}, "b": {}})
    house.daemon.parts.actions.pause(["a"])
    one, two = house.drop("1.png", picture(1), "a"), house.drop("2.png", picture(2), "b")
    house.until(two)
    house.restart()
    house.until_rest()
    assert house.until(one, State.QUEUED).attempts == 0
    assert house.gates() == {"pause": "a"}
    assert len(house.submits()) == 1
    house.daemon.parts.actions.resume()
    house.until(one)
    assert house.gates() == {}


def test_what_is_in_flight_is_fetched_during_a_pause(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    house.daemon.parts.actions.pause()
    house.sandbox.end_predictions()
    house.until(source)
    assert house.daemon.status()["gates"][0]["code"] == "pause"
    with pytest.raises(Refused):
        house.daemon.parts.actions.resume([FOLDER])


def test_a_cancelled_job_is_never_submitted(house: House) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    source = house.drop("cat.png", picture())
    job = house.until(source, State.QUEUED)
    house.daemon.parts.actions.cancel([job.id])
    house.daemon.parts.actions.resume()
    house.until(source, State.CANCELLED)
    assert "cancelled by a person" in house.failed("cat.png")
    assert house.submits() == []


def test_a_paid_prediction_is_cancelled_only_where_that_is_meant(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until(source, State.PROCESSING)
    with pytest.raises(Refused, match="--forget-paid"):
        house.daemon.parts.actions.cancel([job.id])

    def cancelled() -> bool:
        try:
            return bool(house.daemon.parts.actions.cancel([job.id], forget_paid=True))
        except Refused:  # just being asked for
            return False

    wait_for(cancelled, 5, "the cancel")
    job = house.until(source, State.CANCELLED)
    assert job.prediction_id
    assert job.prediction_id in house.failed("cat.png")


def test_every_submit_goes_out_after_its_intent_is_in_the_table(house: House) -> None:
    house.start()
    job = house.until(house.drop("cat.png", picture()))
    intent = next(line for line in house.daemon.parts.store.history(job.id) if line.after is State.SUBMITTING)
    assert intent.at <= house.sandbox.submits()[0].at + 0.001
    assert time.time() >= intent.at
