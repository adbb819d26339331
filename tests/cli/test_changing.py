"""`retry`, `attach`, `cancel`, `pause`, `resume`: through a running daemon, and on the table alone."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.cli.house import House
from tests.support import wait_for

Way = Callable[[House], contextlib.AbstractContextManager[object]]


@contextlib.contextmanager
def nobody(_: House) -> Iterator[None]:
    """No daemon runs while the command does."""
    yield


@pytest.fixture(params=["daemon", "table"])
def way(request: pytest.FixtureRequest) -> Way:
    return House.daemon if request.param == "daemon" else nobody


def finish(house: House, job_id: int, state: str) -> None:
    """Let the job come to its end and hold that against `state`."""
    house.start("run", "--once").communicate(timeout=50)
    assert house.state(job_id) == state


def test_an_unknown_submit_is_sent_again_only_on_demand(house: House, way: Way) -> None:
    job_id = house.held()
    with way(house):
        assert "--pay-again" in house.run("retry", str(job_id), code=2).stderr
        assert house.state(job_id) == "held"
        house.run("retry", str(job_id), "--pay-again")
        if way is House.daemon:
            wait_for(lambda: house.state(job_id) == "done", 20)
    finish(house, job_id, "done")
    assert len(house.sandbox.submits()) == 2


def test_a_prediction_that_was_found_is_attached(house: House, way: Way) -> None:
    job_id = house.held()
    (submit,) = house.sandbox.submits()
    with way(house):
        house.run("attach", str(job_id), str(submit.prediction_id))
        house.run("attach", str(job_id), "again", code=2)
        if way is House.daemon:
            wait_for(lambda: house.state(job_id) == "done", 20)
    finish(house, job_id, "done")
    assert len(house.sandbox.submits()) == 1


def test_what_may_be_paid_is_cancelled_only_on_demand(house: House, way: Way) -> None:
    job_id = house.held()
    with way(house):
        assert "--forget-paid" in house.run("cancel", str(job_id), code=2).stderr
        house.run("cancel", str(job_id), "--forget-paid")
        assert house.state(job_id) == "cancelled"
        house.run("cancel", str(job_id), "--forget-paid", code=2)


def test_all_that_failed_is_tried_again(house: House, way: Way) -> None:
    house.sandbox.fault("submit", "status", code=400)
    house.drop("red.png")
    house.run("run", "--once", code=1)
    with way(house):
        assert "job 1" in house.run("retry", "--failed").stdout
        assert "no such jobs" in house.run("retry", "--held").stdout
        if way is House.daemon:
            wait_for(lambda: house.state(1) == "done", 20)
    finish(house, 1, "done")


def test_a_pause_survives_and_ends_by_resume(house: House, way: Way) -> None:
    house.run("run", "--once")
    with way(house):
        house.run("pause", "oil")
        house.run("pause", "nonsense", code=2)
        (gate,) = house.json("status")["gates"]
        assert (gate["code"], gate["folder"]) == ("pause", "oil")
        assert "hotfolder resume oil" in house.run("status").stdout
    house.drop("red.png")
    house.drop("other.png", folder="inbox/other")
    house.run("run", "--once", code=1)
    assert {job["folder"]: job["state"] for job in house.json("jobs")} == {"oil": "queued", "other": "done"}
    with way(house):
        house.run("resume")
        assert house.json("status")["gates"] == []
    house.run("run", "--once")
    assert house.json("jobs", "--state", "queued") == []


@pytest.mark.parametrize("command", [["retry", "1"], ["cancel", "1"], ["attach", "1", "x"], ["pause"], ["resume"]])
def test_without_a_table_there_is_nothing_to_change(command: list[str], house: House) -> None:
    assert "no job table" in house.run(*command, code=2).stderr


def test_a_job_that_is_not_there_is_told(house: House, way: Way) -> None:
    house.run("run", "--once")
    with way(house):
        for command in (["retry", "7"], ["cancel", "7"], ["attach", "7", "x"]):
            assert "there is no job 7" in house.run(*command, code=2).stderr


def test_of_several_jobs_the_refused_ones_are_told_with_the_reason(house: House, way: Way) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    held = house.held()
    with way(house):
        said = house.run("cancel", "1", str(held), "--forget-paid", code=1)
    assert f"job {held}: cancelled" in said.stdout
    assert "job 1 is done already" in said.stderr
    assert f"job {held}" not in said.stderr
