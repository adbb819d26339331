"""A start with a wall clock that is behind: what the last daemon wrote then seems to lie in the future."""

from typing import Any

import pytest

from daemon.clock import Clock
from daemon.service.service import table_url
from daemon.states import State
from daemon.table.store import Store
from tests.daemon.house import House
from tests.daemon.samples import picture

DAY = 86400.0


def uploaded(house: House, **rule: Any) -> str:
    """Bring a job as far as its upload, and stop the daemon; give its source."""
    house.start(**{"sidecar_wait": 30.0, **rule})
    source = house.drop("cat.png", picture())
    house.until(source, State.UPLOADED)
    house.stop()
    return source


def due_in(house: House, seconds: float, to: State | None = None, **changes: Any) -> None:
    """Have the job's row due so far in the future while no daemon runs, and in the state `to`."""
    store = Store(table_url(house.settings()), Clock())
    (job,) = store.listed()
    changes["due_at"] = Clock().now() + seconds
    if to is None:
        store.amend(job, **changes)
    else:
        store.advance(job, to, "on", **changes)
    store.close()


@pytest.mark.parametrize("claimant", [None, "a daemon that was killed"])
def test_an_intent_whose_sender_is_dead_is_held_at_once(house: House, claimant: str | None) -> None:
    source = uploaded(house)
    due_in(house, DAY, State.SUBMITTING, claimed_by=claimant)
    house.begin()
    house.until_held(source, "unknown_submit", timeout=5.0)
    assert house.submits() == []


def test_no_job_waits_longer_than_a_job_may(house: House) -> None:
    source = uploaded(house)
    due_in(house, 30 * DAY)
    house.begin()
    job = house.until(source, State.UPLOADED)
    assert 3500.0 < job.due_at - house.daemon.clock.now() <= 3600.0
    house.hurried(source)
    assert len(house.submits()) == 1


def test_a_sidecar_is_waited_for_as_long_as_its_rule_says(house: House) -> None:
    source = uploaded(house, sidecar_wait=5 * 3600.0)
    due_in(house, 4 * 3600.0)
    house.begin()
    job = house.until(source, State.UPLOADED)
    assert job.due_at - house.daemon.clock.now() > 3.9 * 3600.0
    assert house.submits() == []
