"""A machine short of memory keeps jobs waiting, and fails none."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.states import State
from tests.daemon.house import House
from tests.daemon.process import Process, jobs_of, running
from tests.daemon.samples import picture
from tests.support import wait_for


@contextmanager
def no_more_memory(process: Process) -> Iterator[None]:
    """Refuse the process any memory beyond what it has (setrlimit(2), RLIMIT_AS).

    The first call's thread finds no room for its stack then, whatever else is still free within the process.
    """
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.prlimit(process.pid, resource.RLIMIT_AS)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (now, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_AS, before)


def test_no_job_fails_for_lack_of_memory(house: House) -> None:
    house.configure()
    with running(house) as process:
        with no_more_memory(process):
            for number in range(3):
                house.drop(f"{number}.png", picture(number))
            wait_for(lambda: "short of" in process.log, 20, "the shortage")
        wait_for(lambda: len(jobs_of(house)) == 3, 30, "all jobs")
        wait_for(lambda: all(job.state is State.DONE for job in jobs_of(house)), 40, "their results")
        assert process.terminate() == 0
    assert sorted(house.results()) == ["0.png", "1.png", "2.png"]
    assert len(house.submits()) == 3
