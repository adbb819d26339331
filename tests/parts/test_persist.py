"""What came of a step is written in the end: through a full disk, want of memory, and while the daemon stops."""

import sqlite3
import threading
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from daemon.work.persist import Persist
from tests.made import made_job

FULL = OperationalError("UPDATE", {}, sqlite3.OperationalError("database or disk is full"))


def failing(*errors: BaseException) -> Callable[[], str]:
    """Give a write that fails with these errors, one after the other, and then succeeds."""
    left = iter(errors)

    def write() -> str:
        error = next(left, None)
        if error is not None:
            raise error
        return "written"

    return write


@pytest.mark.parametrize("error", [FULL, MemoryError()], ids=["full", "memory"])
def test_it_writes_until_it_is_written(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    persist = Persist(threading.Event(), pause=0.01)
    assert persist(made_job(id=7), failing(error, error, error), "p-1") == "written"
    assert "job 7 (prediction p-1)" in caplog.text  # so that it is not lost if the daemon ends before
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_a_stop_does_not_make_it_give_up_at_once() -> None:
    stopping = threading.Event()
    stopping.set()
    assert Persist(stopping, pause=0.01)(made_job(), failing(FULL, FULL)) == "written"


def test_a_stop_does_not_wait_for_it_for_ever() -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(OperationalError):
        Persist(stopping, pause=0.01, last=0.05)(made_job(), failing(*[FULL] * 1000))


def test_what_is_no_trouble_of_the_table_is_raised() -> None:
    with pytest.raises(ValueError, match="own"):
        Persist(threading.Event(), pause=0.01)(made_job(), failing(ValueError("own")))
