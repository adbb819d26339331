"""A submit whose outcome nobody knows is held, and only a person, or a rule that says so, sends it again."""

from typing import Any

import pytest

from daemon.errors import Refused
from daemon.stages.upload import UPLOAD_LIVES
from daemon.states import State
from tests.daemon.house import House
from tests.daemon.samples import picture
from tests.support import wait_for

#: Ends of a submit after which nobody knows whether it counts: kind of fault, options.
UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("reset_after", {}),
    ("reset_before", {}),
    ("cut_json", {}),
    ("html_200", {}),
    ("not_json", {}),
    ("other_form", {}),
    *[("status", {"code": code, "applied": applied}) for code in (500, 502, 504) for applied in (False, True)],
    ("status", {"code": 502, "html": True}),
]


@pytest.mark.parametrize(("kind", "options"), UNKNOWN)
def test_a_submit_of_unknown_outcome_is_held_and_never_sent_again(
    house: House, kind: str, options: dict[str, Any]
) -> None:
    house.sandbox.fault("submit", kind, **options)
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "unknown_submit")
    assert job.error_message
    assert "attach" in job.error_message
    house.restart()
    house.daemon.parts.inbox.rescan()
    house.hurry()
    house.until_rest()
    assert house.until_held(source, "unknown_submit").id == job.id
    assert len(house.submits()) == 1
    assert house.results() == {}


def test_a_submit_that_hangs_and_is_cut_is_held(house: House) -> None:
    house.sandbox.fault("submit", "hang")
    house.start()
    source = house.drop("cat.png", picture())
    wait_for(house.sandbox.submits, 10, "the submit")
    house.sandbox.stop()
    house.sandbox.start()
    house.until_held(source, "unknown_submit")
    house.restart()
    house.until_rest()
    assert len(house.submits()) == 1


def test_retry_of_an_unknown_submit_is_refused_until_a_person_accepts_to_pay_again(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "unknown_submit")
    with pytest.raises(Refused, match="--pay-again"):
        house.daemon.parts.actions.retry([job.id])
    assert len(house.submits()) == 1
    house.daemon.parts.actions.retry([job.id], pay_again=True)
    house.until(source)
    assert len(house.submits()) == 2
    assert house.results() == {"cat.png": picture()}


def test_a_cancelled_submit_of_unknown_outcome_is_not_paid_again_by_a_plain_retry(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "unknown_submit")
    house.daemon.parts.actions.cancel([job.id], forget_paid=True)
    house.until(source, State.CANCELLED)
    assert "--pay-again" in house.failed("cat.png")
    for again in (False, True):
        with pytest.raises(Refused, match="--pay-again"):
            house.daemon.parts.actions.retry([job.id])
        if not again:
            house.restart()
    assert len(house.submits()) == 1
    house.daemon.parts.actions.retry([job.id], pay_again=True)
    house.until(source)
    assert len(house.submits()) == 2


def test_between_two_submits_of_a_rule_that_resubmits_a_job_may_be_paid(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start(on_unknown_submit="resubmit")
    source = house.drop("cat.png", picture())
    wait_for(house.submits, 10, "the submit")
    house.daemon.parts.actions.pause()
    job = house.until(source, State.UPLOADED)
    assert job.may_be_paid
    with pytest.raises(Refused, match="--forget-paid"):
        house.daemon.parts.actions.cancel([job.id])
    house.daemon.parts.actions.resume()
    house.hurried(source)
    assert len(house.submits()) == 2


def test_who_accepted_to_pay_again_may_cancel_before_that(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "unknown_submit")
    house.daemon.parts.actions.pause()
    house.daemon.parts.actions.retry([job.id], pay_again=True)
    house.daemon.parts.actions.cancel([job.id])
    house.until(source, State.CANCELLED)
    assert len(house.submits()) == 1


def test_the_prediction_that_a_person_found_is_attached_and_nothing_is_sent_again(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start()
    source = house.drop("cat.png", picture())
    job = house.until_held(source, "unknown_submit")
    prediction = house.sandbox.submits()[0].prediction_id
    assert prediction
    house.daemon.parts.actions.attach(job.id, prediction)
    assert house.until(source).prediction_id == prediction
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_a_rule_may_have_an_unknown_submit_sent_again(house: House) -> None:
    house.sandbox.fault("submit", "reset_after")
    house.start(on_unknown_submit="resubmit")
    job = house.until(house.drop("cat.png", picture()))
    assert len(house.submits()) == 2
    reasons = " ".join(line.reason for line in house.daemon.parts.store.history(job.id))
    assert "It is sent again" in reasons
    assert "not sent again" not in reasons


def test_a_rule_that_resubmits_does_so_after_a_restart_too(house: House) -> None:
    house.sandbox.fault("submit", "status", code=500)
    house.start(on_unknown_submit="resubmit")
    source = house.drop("cat.png", picture())
    wait_for(house.submits, 10, "the submit")
    house.restart()
    house.hurried(source)
    assert len(house.submits()) == 2


def test_resubmits_come_to_an_end_however_often_the_upload_is_made_anew(house: House) -> None:
    house.sandbox.fault("submit", "status", code=500, count=None)
    house.start(on_unknown_submit="resubmit")
    source = house.drop("cat.png", picture())

    for tries in range(1, 4):  # each of them with an upload that grew too old for the next one
        wait_for(lambda: len(house.submits()) >= tries, 20, f"submit {tries}")  # noqa: B023
        house.let_pass(UPLOAD_LIVES + 1)
        house.hurry()
    house.hurried(source, State.HELD, code="unknown_submit")
    assert 2 <= len(house.submits()) <= 5


def test_resubmits_come_to_an_end(house: House) -> None:
    house.sandbox.fault("submit", "status", code=500, count=None)
    house.start(on_unknown_submit="resubmit")
    house.hurried(house.drop("cat.png", picture()), State.HELD, code="unknown_submit")
    assert 2 <= len(house.submits()) <= 5
