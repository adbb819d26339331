"""From an accepted submit to its result: polls, deadlines, and downloads that go wrong."""

import contextlib
from typing import Any

import pytest

from daemon.clock import Clock
from daemon.service.service import table_url
from daemon.states import State
from daemon.table.store import Store
from tests.daemon.house import KEY, LASTING, House
from tests.daemon.samples import picture
from tests.support import wait_for


def test_an_unknown_status_is_still_going(house: House) -> None:
    house.sandbox.fault("poll", "prediction_status", status="daydreaming", error="", count=3)
    house.start()
    job = house.hurried(house.drop("cat.png", picture()))
    assert job.polls >= 4
    assert len(house.submits()) == 1


@pytest.mark.parametrize("status", ["failed", "timeout", "cancelled", "canceled"])
def test_a_prediction_that_is_over_without_a_result_fails_its_job(house: House, status: str) -> None:
    house.sandbox.fault("poll", "prediction_status", status=status, error="the brush broke", count=None)
    house.start()
    job = house.until_failed(house.drop("cat.png", picture()), "prediction_failed")
    text = house.failed("cat.png")
    assert "the brush broke" in text
    assert job.prediction_id
    assert job.prediction_id in text


def test_what_moderation_refused_is_told_in_words(house: House) -> None:
    house.sandbox.fault("poll", "prediction_status", status="failed", error="sensitive", error_code=1039)
    house.start()
    house.until_failed(house.drop("cat.png", picture()), "moderated")
    assert "moderation" in house.failed("cat.png")


def test_a_prediction_that_failed_is_made_anew_only_where_that_is_meant(house: House) -> None:
    house.sandbox.fault("poll", "prediction_status", status="failed", error="x")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_failed(source)
    with pytest.raises(Exception, match="--pay-again"):
        house.daemon.parts.actions.retry([job.id])
    house.daemon.parts.actions.retry([job.id], pay_again=True)
    house.until(source)
    assert len(house.submits()) == 2


def test_a_prediction_that_is_not_known_at_first_is_asked_again(house: House) -> None:
    house.sandbox.set(warm_up=0.4)
    house.start()
    job = house.hurried(house.drop("cat.png", picture()))
    assert job.polls > 1
    assert len(house.submits()) == 1


def test_a_prediction_that_stays_unknown_is_held_and_not_sent_again(house: House) -> None:
    house.sandbox.fault("poll", "unknown", count=None)
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(lambda: (job := house.job(source)) and job.state is State.PROCESSING and job.polls, 10, "a poll")

    def aged() -> bool:
        job = house.job(source)
        assert job is not None
        if job.state is State.PROCESSING and job.claimed_by is None:
            house.daemon.parts.store.amend(job, submitted_at=(job.submitted_at or 0) - 61)
            return True
        return False

    wait_for(aged, 10, "a free moment")
    job = house.hurried(source, State.HELD, code="prediction_lost")
    house.sandbox.clear_faults()
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert len(house.submits()) == 1


def test_a_prediction_that_does_not_end_is_held_at_its_deadline_and_goes_on_when_retried(house: House) -> None:
    house.sandbox.fault("poll", "prediction_status", status="processing", error="", count=None)
    house.start(deadline_minutes=0.01)
    source = house.drop("cat.png", picture())
    job = house.hurried(source, State.HELD, code="deadline")
    assert job.prediction_id
    house.sandbox.clear_faults()
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_a_result_that_is_there_after_the_deadline_is_taken(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    house.stop()
    house.sandbox.end_predictions()
    with contextlib.closing(Store(table_url(house.settings()), Clock())) as store:
        (job,) = store.listed()
        store.amend(job, submitted_at=1.0)
    house.begin()
    house.until(source)
    assert len(house.submits()) == 1


def test_a_prediction_without_outputs_is_held(house: House) -> None:
    house.sandbox.fault("poll", "no_outputs")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "result_refused")
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert len(house.submits()) == 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"code": 500}),
        ("status", {"code": 502, "html": True}),
        ("status", {"code": 429}),
        ("status", {"code": 503, "retry_after": 1}),
        ("status", {"code": 404}),
        ("reset_before", {}),
        ("reset_after", {}),
        ("cut_json", {}),
        ("html_200", {}),
        ("other_form", {}),
        ("redirect", {}),
    ],
)
def test_a_poll_that_goes_wrong_is_repeated(house: House, kind: str, options: dict[str, Any]) -> None:
    house.sandbox.fault("poll", kind, **options, count=3)
    house.start()
    house.hurried(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("short", {}),
        ("cut_no_length", {}),
        ("cut_chunked", {}),
        ("wrong_type", {}),
        ("html_200", {}),
        ("status", {"code": 500}),
        ("status", {"code": 429}),
        ("reset_before", {}),
        ("reset_after", {}),
        ("gone", {"code": 403}),
        ("gone", {"code": 404}),
    ],
)
def test_a_download_that_goes_wrong_is_repeated_and_nothing_half_is_seen(
    house: House, kind: str, options: dict[str, Any]
) -> None:
    house.sandbox.fault("download", kind, **options, count=2)
    house.start()
    house.hurried(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1
    assert house.sandbox.count("download") == 3


@pytest.mark.parametrize(("kind", "options"), [("chunked", {}), ("no_length", {}), ("drip", {"interval": 0.001})])
def test_a_download_of_an_unusual_kind_is_taken(house: House, kind: str, options: dict[str, Any]) -> None:
    house.sandbox.fault("download", kind, **options)
    house.start()
    house.until(house.drop("cat.png", picture()))
    assert house.results() == {"cat.png": picture()}


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/x.png",
        "ftp://127.0.0.1/x.png",
        "gopher://example.org/",
    ],
)
def test_a_redirect_to_where_no_result_can_lie_is_held_and_fetched_again_on_retry(house: House, to: str) -> None:
    house.sandbox.fault("download", "redirect", to=to)
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "result_refused")
    assert house.results() == {}
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("huge", {"bytes": 3_000_000, "announced": False}),
        ("huge", {"bytes": 3_000_000, "announced": True}),
        ("bomb", {}),
    ],
)
def test_a_result_that_is_not_let_in_is_held_and_fetched_again_on_retry(
    house: House, kind: str, options: dict[str, Any]
) -> None:
    house.sandbox.fault("download", kind, **options)
    house.start(limits={"max_result_mb": 2})
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "result_refused")
    assert house.results() == {}
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert len(house.submits()) == 1


def test_a_result_that_never_comes_whole_is_held_as_it_was_paid(house: House) -> None:
    house.sandbox.fault("download", "short", count=None)
    house.start()
    source = house.drop("cat.png", picture())
    house.hurried(source, State.HELD, code="result_refused")
    assert house.results() == {}
    assert len(house.submits()) == 1


def test_a_result_whose_address_stays_gone_is_held_as_expired(house: House) -> None:
    house.sandbox.fault("download", "gone", count=None)
    house.start()
    source = house.drop("cat.png", picture())
    job = house.hurried(source, State.HELD, code="result_expired")
    house.sandbox.clear_faults()
    house.daemon.parts.actions.retry([job.id])
    house.until(source)
    assert len(house.submits()) == 1


def test_of_several_outputs_those_that_came_stay_and_are_not_doubled(house: House) -> None:
    house.sandbox.fault("download", "gone", after=2)
    house.start(params={"num_outputs": 3})
    house.hurried(house.drop("cat.png", picture()))
    assert set(house.results()) == {"cat.png", "cat-2.png", "cat-3.png"}
    assert len(house.submits()) == 1


def test_the_key_goes_to_the_api_alone(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture()))
    journal = house.sandbox.journal()
    with_key = {entry.call for entry in journal if entry.headers.get("authorization") == f"Bearer {KEY}"}
    assert with_key == {"upload", "submit", "poll"}
    assert not any(KEY in str(entry.raw_headers) for entry in journal if entry.call == "download")
    with open(house.daemon.settings.database_file, "rb") as file:
        assert KEY.encode() not in file.read()
