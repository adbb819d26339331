"""The daemon's own bug in one job: that job is held, with the traceback in the log, and the daemon lives on.

The bug is a value that the code does not foresee, of a type that its column never holds, put into one job's row
while no daemon runs. Each makes another stage stumble over it.
"""

import contextlib
import os
import sqlite3
from typing import Any

import pytest

from daemon.states import State
from tests.daemon.house import LASTING, House
from tests.daemon.samples import picture

ODD = "no number"


def bring_to(house: House, state: State) -> None:
    """Start the daemon so that jobs come to a state and stay there until it is started anew."""
    house.sandbox.set(predict_seconds=LASTING)
    house.start(sidecar_wait=30.0 if state is State.UPLOADED else 0.0)
    if state is State.QUEUED:
        house.daemon.parts.actions.pause()


def spoil(house: House, job_id: int, column: str, value: Any) -> None:
    table = os.path.join(house.settings().state_dir, "jobs.db")
    with contextlib.closing(sqlite3.connect(table)) as connection, connection:
        connection.execute(f"UPDATE jobs SET {column} = ?, due_at = 0 WHERE id = ?", (value, job_id))  # noqa: S608


@pytest.mark.parametrize(
    ("state", "column", "value"),
    [
        (State.QUEUED, "size", ODD),
        (State.UPLOADED, "uploaded_at", ODD),
        (State.PROCESSING, "submitted_at", ODD),
        (State.PROCESSING, "request", "{}"),  # without the rule: not even the stage is found
        (State.PROCESSING, "request", "{ odd"),
    ],
)
def test_a_job_that_the_daemon_stumbles_over_is_held_and_the_others_go_on(
    house: House, caplog: pytest.LogCaptureFixture, state: State, column: str, value: Any
) -> None:
    bring_to(house, state)
    bad, good = (house.drop(name, picture(number)) for number, name in enumerate(("bad.png", "good.png")))
    for source in (bad, good):
        house.until(source, state)
    job = house.until(bad, state)
    house.stop()
    house.sandbox.end_predictions()
    spoil(house, job.id, column, value)
    house.begin()
    house.daemon.parts.actions.resume()
    assert "retry" in (house.until_held(bad, "internal").error_message or "")
    house.hurried(good)
    house.until(house.drop("later.png", picture(2)), State.UPLOADED, State.PROCESSING, State.DONE)
    told = [record for record in caplog.records if record.exc_info and f"job {job.id}:" in record.message]
    assert len(told) == 1
    assert "Traceback" in caplog.text
    assert {"good.png", "bad.png"} & set(house.results()) == {"good.png"}
