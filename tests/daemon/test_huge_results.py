"""Results of two gigabytes: they go to the disk piece by piece, or are refused while they stream."""

import os

import pytest

from daemon.states import Job, State
from tests.conftest import Figure
from tests.daemon.house import House
from tests.daemon.process import Process, jobs_of, running
from tests.daemon.samples import picture
from tests.support import wait_for

SIZE = 2 << 30
#: How much more memory the daemon may take for one.
MOST_MEMORY = 40_000_000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def followed(house: House, process: Process) -> tuple[Job, int]:
    """Drop a picture whose result is huge; give its job at its end, and how many bytes the daemon grew by."""
    house.drop("small.png", picture(1))
    wait_for(lambda: len(house.results()) == 1, 10, "a result of the usual size")
    before = most = process.memory()
    house.drop("cat.png", picture(2))

    def over() -> Job | None:
        nonlocal most
        most = max(most, process.memory())
        job = jobs_of(house)[-1]
        return job if job.name == "cat.png" and (job.put_away or job.state is State.HELD) else None

    job = wait_for(over, 150, "the end of the job")
    assert job is not None
    return job, most - before


@pytest.mark.parametrize("announced", [True, False])
def test_a_result_of_two_gigabytes_does_not_go_through_memory(
    house: House, figure: Figure, *, announced: bool
) -> None:
    house.sandbox.fault("download", "huge", after=1, bytes=SIZE, announced=announced)
    house.configure(limits={"max_result_mb": 4096})
    with running(house) as process:
        job, grew = followed(house, process)
        assert process.terminate() == 0
    figure("MB of memory for a result of 2 GB", round(grew / 1e6, 1))
    assert job.state is State.DONE
    assert os.path.getsize(job.outputs[0]) == SIZE
    os.unlink(job.outputs[0])
    assert grew < MOST_MEMORY


def test_a_result_without_end_is_refused_while_it_streams(house: House, figure: Figure) -> None:
    house.sandbox.fault("download", "huge", after=1, bytes=SIZE)
    house.configure(limits={"max_result_mb": 500})
    with running(house) as process:
        job, grew = followed(house, process)
        assert process.terminate() == 0
    figure("MB of memory for a result that is refused at 500 MB", round(grew / 1e6, 1))
    assert (job.state, job.error_code) == (State.HELD, "result_refused")
    assert list(house.results()) == ["small.png"]
    assert grew < MOST_MEMORY
