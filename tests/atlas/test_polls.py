"""The poll of a job whose row lacks its times: it has an end, whatever the API says."""

import pytest

from daemon.errors import Transient, Withheld
from daemon.pace.durations import Pace
from daemon.stages.poll import poll
from daemon.states import Job, State
from tests.atlas.conftest import Connect
from tests.atlas.server import Script, says, serving
from tests.made import made_job, made_rule

RUNNING = says({"id": "p-1", "status": "running"})
UNKNOWN = says({"code": 404, "msg": "no such prediction"}, 404)
OUT_OF_ORDER = says({"code": 500, "msg": "try later"}, 500)


def processing(**values: object) -> Job:
    return made_job(state=State.PROCESSING, prediction_id="p-1", **values)


@pytest.mark.parametrize(
    ("script", "code"), [(RUNNING, "deadline"), (UNKNOWN, "prediction_lost"), (OUT_OF_ORDER, "deadline")]
)
def test_a_job_without_its_times_waits_no_longer(connect: Connect, script: Script, code: str) -> None:
    with serving(script) as server, pytest.raises(Withheld) as caught:
        poll(processing(), made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)
    assert caught.value.code == code


def test_a_job_without_its_times_gets_its_result_if_it_is_there(connect: Connect) -> None:
    copy = processing(twin_of=3, submitted_at=0.0, deadline_at=2000.0)
    with serving(says({"id": "p-1", "status": "completed", "outputs": ["https://x/1"]})) as server:
        for job in (processing(), copy):
            outcome = poll(job, made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)
            assert outcome.to is State.DOWNLOADING
            assert outcome.changes["predict_seconds"] is None, "nobody saw how long it took"


def test_a_submit_at_the_epoch_is_a_time_too(connect: Connect) -> None:
    job = processing(submitted_at=0.0, deadline_at=2000.0)
    with serving(UNKNOWN) as server, pytest.raises(Withheld):
        poll(job, made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)


def test_a_job_within_its_times_waits_on(connect: Connect) -> None:
    job = processing(submitted_at=990.0, deadline_at=2000.0)
    for script in (RUNNING, UNKNOWN):
        with serving(script) as server:
            outcome = poll(job, made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)
        assert outcome.to is State.PROCESSING
    with serving(OUT_OF_ORDER) as server, pytest.raises(Transient):
        poll(job, made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)


def test_a_clock_that_was_set_back_makes_no_job_wait_for_it(connect: Connect) -> None:
    job = processing(submitted_at=90_000.0, deadline_at=92_000.0)
    with serving(RUNNING) as server:
        outcome = poll(job, made_rule(), client=connect(server.url), pace=Pace(), now=1000.0)
    assert 1000.0 < outcome.changes["due_at"] < 1100.0
