"""What a person does on the page: as the commands do it, in the same words, and only from the page's forms."""

import json
import re
from collections.abc import Mapping

import pytest

from daemon.states import Job, State
from daemon.web.cards import deeds_of
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.made import made_job
from tests.web.visitor import Visitor

_numbers = iter(range(1000))


def held(house: House) -> Job:
    """Have a job that is held because nobody knows whether its submit counts."""
    house.sandbox.fault("submit", "reset_after")
    number = next(_numbers)
    return house.until_held(house.drop(f"held-{number}.png", picture(number)), "unknown_submit")


def failed(house: House) -> Job:
    house.sandbox.fault("submit", "status", code=400, message="aspect_ratio is wrong")
    number = next(_numbers)
    return house.until(house.drop(f"failed-{number}.png", picture(number)), State.FAILED)


def state_of(house: House, job: Job) -> State:
    now = house.daemon.parts.store.find(job.id)
    assert now is not None
    return now.state


def test_a_failed_job_is_retried(house: House, visitor: Visitor) -> None:
    job = failed(house)
    page = visitor.get(f"/jobs/{job.id}").text
    assert "aspect_ratio is wrong" in page
    assert f'action="/jobs/{job.id}/retry"' in page
    answer = visitor.post(f"/jobs/{job.id}/retry", {"back": f"/jobs/{job.id}"})
    assert (answer.status, answer.headers["location"]) == (303, f"/jobs/{job.id}")
    page = visitor.get(f"/jobs/{job.id}").text
    assert re.search(rf'class="notice fine"[^>]*>\s*<p>Job {job.id}: tried again by a person', page)
    assert 'class="notice fine"' not in visitor.get(f"/jobs/{job.id}").text  # said once
    house.until(job.source)


def test_a_job_that_may_be_paid_is_retried_only_where_that_is_said(house: House, visitor: Visitor) -> None:
    job = held(house)
    page = visitor.get(f"/jobs/{job.id}").text
    assert "may have been paid already" in page
    assert "hotfolder attach" in page
    answer = visitor.post(f"/jobs/{job.id}/retry", {})
    assert answer.headers["location"] == "/"
    front = visitor.get("/").text
    assert 'class="notice refused"' in front
    assert f"Job {job.id} may have been paid: look into the service" in front
    assert state_of(house, job) is State.HELD
    visitor.post(f"/jobs/{job.id}/retry", {"pay_again": "on"})
    house.until(job.source)


def test_between_two_submits_the_page_says_that_it_may_be_paid() -> None:
    job = made_job(state=State.UPLOADED, spent_at=1.0, submitted_at=1.0)
    assert deeds_of(job).forget_paid
    failed = deeds_of(job.having(state=State.FAILED))
    assert (failed.retry, failed.pay_again, failed.only_pay_again) == (True, True, True)


def test_a_job_of_unknown_outcome_is_given_its_prediction(house: House, visitor: Visitor) -> None:
    job = held(house)
    for wrong in ("", "a/b"):
        visitor.post(f"/jobs/{job.id}/attach", {"prediction": wrong})
        assert "is not the id of a prediction" in visitor.get("/").text
    prediction = house.sandbox.submits()[-1].prediction_id
    assert prediction is not None
    visitor.post(f"/jobs/{job.id}/attach", {"prediction": f" {prediction} "})
    assert house.until(job.source).prediction_id == prediction


def test_a_job_is_cancelled_and_what_is_paid_only_where_that_is_said(house: House, visitor: Visitor) -> None:
    job = held(house)
    visitor.post(f"/jobs/{job.id}/cancel", {})
    assert "drops it all the same" in visitor.get("/").text
    visitor.post(f"/jobs/{job.id}/cancel", {"forget_paid": "on"})
    assert house.until(job.source, State.CANCELLED).error_code == "unknown_submit"


def test_a_pause_is_shown_with_the_way_out(house: House, visitor: Visitor) -> None:
    visitor.post("/pause", {"folder": FOLDER, "back": f"/?folder={FOLDER}"})
    page = visitor.get("/").text
    assert f"The folder {FOLDER} is paused by a person" in page
    assert 'action="/resume"' in page
    visitor.post("/resume", {"folder": FOLDER})
    assert "paused by a person" not in visitor.get("/").text
    visitor.post("/pause", {"folder": "nowhere"})
    assert "there is no folder" in visitor.get("/").text.lower()


def test_a_script_is_answered_in_json(house: House, visitor: Visitor) -> None:
    answer = visitor.post("/approve", {"folder": FOLDER}, {"Accept": "application/json"})
    assert json.loads(answer.text) == {"lines": [f"{FOLDER}: there is no pile that waits"], "refused": False}
    answer = visitor.post("/jobs/9999/retry", {}, {"Accept": "application/json"})
    assert json.loads(answer.text) == {"lines": ["there is no job 9999"], "refused": True}


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"token": ""}, {}, 403),
        ({"token": "x" * 43}, {}, 403),
        ({}, {"Content-Type": "text/plain"}, 415),
        ({}, {"Content-Type": "application/json"}, 415),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Cookie": None}, 401),
        ({"folder": "x" * 70_000}, {}, 413),
        ({f"field-{number}": "" for number in range(60)}, {}, 400),
    ],
)
def test_only_the_pages_own_forms_are_taken(
    fields: Mapping[str, str], headers: Mapping[str, str | None], status: int, house: House, visitor: Visitor
) -> None:
    answer = visitor.post("/pause", fields, headers)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert house.gates() == {}


def test_the_token_of_another_session_is_refused(house: House, visitor: Visitor) -> None:
    other = Visitor(visitor.port)
    other.enter(house.daemon.page.ticket())
    token = re.search(r'name="token" value="([^"]+)"', other.get("/").text)
    assert token is not None
    assert visitor.post("/pause", {"token": token[1]}).status == 403


def test_an_address_does_nothing(house: House, visitor: Visitor) -> None:
    job = failed(house)
    for path in (f"/jobs/{job.id}/retry", "/pause", f"/jobs/{job.id}/cancel?forget_paid=on"):
        assert visitor.get(path).status in {404, 405}
    assert house.gates() == {}
    assert state_of(house, job) is State.FAILED


@pytest.mark.parametrize(
    "back", ["http://evil.example/", "//evil.example", "/\\evil.example", "/enter", "javascript:x"]
)
def test_the_way_back_leads_nowhere_else(back: str, visitor: Visitor) -> None:
    assert visitor.post("/resume", {"back": back}).headers["location"] == "/"
