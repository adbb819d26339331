"""One file through a folder's rule in a process of its own: what stops spending stops it too, and it says so."""

import os

from daemon.service.service import Service
from daemon.states import Job, State
from tests.daemon.house import FOLDER, LASTING, House
from tests.daemon.samples import picture
from tests.support import wait_for


def begin(house: House) -> tuple[Service, int]:
    """Open a daemon that will work on one job alone, and record that job."""
    path = os.path.join(house.base, "cat.png")
    house.put(path, picture(1))
    service = house.service = Service(house.settings())
    service.open()
    return service, service.parts.actions.try_file(path, FOLDER)


def waiting(service: Service, job_id: int, reason: str) -> Job:
    def told() -> Job | None:
        job = service.parts.store.find(job_id)
        return job if job is not None and job.waits_for == reason else None

    found = wait_for(told, 20, f"the job to wait: {reason}")
    assert found is not None
    return found


def test_a_file_that_is_tried_waits_at_a_gate_without_being_sent(house: House) -> None:
    house.configure()
    service, job_id = begin(house)
    service.parts.actions.pause([FOLDER])
    service.start(only=job_id)
    assert waiting(service, job_id, f"the folder {FOLDER} is paused by a person").state is State.QUEUED
    assert house.sent() == []
    service.parts.actions.resume([FOLDER])
    wait_for(lambda: service.parts.store.counts[FOLDER, State.DONE] == 1, 20, "the result")


def test_what_it_has_paid_for_is_not_asked_for_while_the_api_is_away(house: House) -> None:
    house.configure()
    house.sandbox.set(predict_seconds=LASTING)
    service, job_id = begin(house)
    service.start(only=job_id)
    wait_for(lambda: service.parts.store.counts[FOLDER, State.PROCESSING] == 1, 20, "the prediction")
    service.parts.gates.close("unreachable", "it is away", now=service.clock.now())
    wait_for(service.parts.worker.quiet, 20, "no question under way")
    asked = house.sandbox.count("poll")
    job = service.parts.store.find(job_id)
    assert job is not None
    service.parts.store.amend(job, due_at=service.clock.now())
    service.parts.worker.wake()
    waiting(service, job_id, "it is away")
    assert house.sandbox.count("poll") == asked
