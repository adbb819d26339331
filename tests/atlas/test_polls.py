"""The poll of a job whose row lacks its times: it has an end, whatever the API says."""

import pytest

from daemon.errors import Transient, Withheld
from daemon.pace.durations import Pace
from daemon.stages.outcome import Outcome
from daemon.stages.poll import poll as stage
from daemon.states import Job, State
from tests.atlas.conftest import Connect
from tests.atlas.server import Script, says, serving
from tests.made import made_job, made_rule

RUNNING = says({"id": "p-1", "status": "running"})
UNKNOWN = says({"code": 404, "msg": "no such prediction"}, 404)
OUT_OF_ORDER = says({"code": 500, "msg": "try later"}, 500)


def poll(job: Job, server: str, connect: Connect, pace: Pace | None = None, stretch: float = 1.0) -> Outcome:
    return stage(job, made_rule(), client=connect(server), pace=pace or Pace(), now=1000.0, stretch=stretch)


def processing(**values: object) -> Job:
    return made_job(state=State.PROCESSING, prediction_id="p-1", **values)


@pytest.mark.parametrize(
    ("script", "code"), [(RUNNING, "deadline"), (UNKNOWN, "prediction_lost"), (OUT_OF_ORDER, "deadline")]
)
def test_a_job_without_its_times_waits_no_longer(connect: Connect, script: Script, code: str) -> None:
    with serving(script) as server, pytest.raises(Withheld) as caught:
        poll(processing(), server.url, connect)
    assert caught.value.code == code


def test_a_job_without_its_times_gets_its_result_if_it_is_there(connect: Connect) -> None:
    copy = processing(twin_of=3, submitted_at=0.0, deadline_at=2000.0)
    with serving(says({"id": "p-1", "status": "completed", "outputs": ["https://x/1"]})) as server:
        for job in (processing(), copy):
            outcome = poll(job, server.url, connect)
            assert outcome.to is State.DOWNLOADING
            assert outcome.changes["predict_seconds"] is None, "nobody saw how long it took"


def test_a_submit_at_the_epoch_is_a_time_too(connect: Connect) -> None:
    job = processing(submitted_at=0.0, deadline_at=2000.0)
    with serving(UNKNOWN) as server, pytest.raises(Withheld):
        poll(job, server.url, connect)


def test_a_job_within_its_times_waits_on(connect: Connect) -> None:
    job = processing(submitted_at=990.0, deadline_at=2000.0)
    for script in (RUNNING, UNKNOWN):
        with serving(script) as server:
            outcome = poll(job, server.url, connect)
        assert outcome.to is State.PROCESSING
    with serving(OUT_OF_ORDER) as server, pytest.raises(Transient):
        poll(job, server.url, connect)


def test_a_clock_that_was_set_back_makes_no_job_wait_for_it(connect: Connect) -> None:
    job = processing(submitted_at=90_000.0, deadline_at=92_000.0)
    with serving(RUNNING) as server:
        outcome = poll(job, server.url, connect)
    assert 1000.0 < outcome.changes["due_at"] < 1100.0


def test_a_pause_is_stretched_where_many_are_in_flight(connect: Connect) -> None:
    job = processing(submitted_at=930.0, deadline_at=2000.0, polls=1)
    due = []
    for stretch in (1.0, 3.0):
        pace = Pace()
        for seconds in range(60, 120):
            pace.learn(0.0, seconds, seconds)
        with serving(RUNNING) as server:
            due.append(poll(job, server.url, connect, pace, stretch).changes["due_at"])
    assert due[1] - 1000.0 > 2 * (due[0] - 1000.0)
