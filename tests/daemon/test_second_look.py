"""Slips that were found by reading: each once cost a place, a payment, or a job its end."""

import os

import pytest

from daemon.errors import PartlyRefused, Refused
from daemon.states import Job, State
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.support import wait_for


def stored(house: House, job: Job) -> Job:
    """Give a job as its row is now."""
    found = house.daemon.parts.store.find(job.id)
    assert found is not None
    return found


def test_a_plain_retry_pays_for_nothing_that_another_job_has_paid_for(house: House) -> None:
    house.sandbox.set(predict_seconds=0.5)
    house.start()
    house.sandbox.fault("submit", "status", code=400)
    first = house.until(house.drop("cat.png", picture()), State.FAILED)
    wait_for(lambda: stored(house, first).put_away, 10.0, "the first to be put away")
    house.until(house.drop("again.png", picture()))
    house.daemon.parts.actions.retry([first.id])
    wait_for(lambda: stored(house, first).state is State.DONE, 20.0, "the retried job")
    assert len([submit for submit in house.submits() if submit.prediction_id is not None]) == 1


def test_a_retry_sends_nothing_that_intake_refuses(house: House) -> None:
    house.start(settle=0.1)
    job = house.until_failed(house.drop("note.png", b"a note, no picture"), "not_media")
    wait_for(lambda: stored(house, job).put_away, 10.0, "the file to be put away")
    with pytest.raises(Refused):
        house.daemon.parts.actions.retry([job.id])
    assert house.sandbox.count("upload") == 0


def test_a_twin_whose_result_and_prediction_are_gone_does_not_poll_for_ever(house: House) -> None:
    house.start()
    first = house.until(house.drop("cat.png", picture()))
    os.unlink(first.outputs[0])
    house.daemon.parts.store.amend(first, submitted_at=1.0, put_away=True)
    house.sandbox.fault("poll", "unknown", count=None)
    house.until_held(house.drop("again.png", picture()), "prediction_lost")
    assert len(house.submits()) == 1


def test_every_place_in_flight_is_given_back(house: House) -> None:
    house.sandbox.fault("submit", "status", code=400, count=2)
    house.start(limits={"in_flight": 1})
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(6)]
    for source in sources:
        house.until(source, State.DONE, State.FAILED)
    rule = next(iter(house.daemon.settings.folders.values()))
    wait_for(lambda: house.daemon.parts.claims.in_flight.room(rule) == 1, 5.0, "the place to be free again")


def test_some_jobs_gone_on_and_some_refused_are_told_apart_from_wrong_use(house: House) -> None:
    house.start()
    house.sandbox.fault("submit", "status", code=400)
    job = house.until(house.drop("cat.png", picture()), State.FAILED)
    wait_for(lambda: stored(house, job).put_away, 10.0, "the file to be put away")
    done = house.until(house.drop("other.png", picture(2)))
    with pytest.raises(PartlyRefused, match="is done"):
        house.daemon.parts.actions.retry([job.id, done.id])


def test_provenance_keeps_the_uploaded_url_out(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture()))
    with open(house.outbox(FOLDER, "cat.png.json"), encoding="utf-8") as file:
        assert "/uploads/" not in file.read()
