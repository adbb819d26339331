"""The power is cut while the daemon works, again and again: nothing is lost, halved, or paid for twice."""

import hashlib
import os
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.service.control import ask
from daemon.states import Job, State
from tests.conftest import Figure
from tests.daemon.ext4 import Disk, disk_in
from tests.daemon.house import House, files_below, house_in
from tests.daemon.process import jobs_of, running
from tests.daemon.samples import picture
from tests.support import wait_for

#: Names the environment variable that repeats a run.
SEED = "HOTFOLDER_POWER_SEED"
#: Files that are dropped before each cut; each takes four calls at least.
FILES = 6
CALLS = 4 * FILES


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with disk_in(str(tmp_path)) as made:
        yield made


@pytest.fixture
def house(disk: Disk) -> Iterator[House]:
    """Give a house whose state, inbox and outbox all lie on the disk."""
    with house_in(disk.path) as opened:
        yield opened


def test_nothing_is_lost_or_paid_twice_when_the_power_is_cut(house: House, disk: Disk, figure: Figure) -> None:
    cut_again_and_again(house, disk, figure, times=2)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_nothing_is_lost_or_paid_twice_when_the_power_is_cut_20_times(
    house: House, disk: Disk, figure: Figure
) -> None:
    cut_again_and_again(house, disk, figure, times=20)


def cut_again_and_again(house: House, disk: Disk, figure: Figure, *, times: int) -> None:
    seed = int(os.environ.get(SEED) or secrets.randbits(32))
    figure(f"seed of the power cuts (${SEED} repeats it)", seed)
    chance = random.Random(seed)  # noqa: S311 - no secret
    house.sandbox.set(latency=0.01, predict_seconds=0.2, jitter=0.9)
    house.configure()
    os.makedirs(house.inbox())
    disk.sync()
    contents: dict[str, bytes] = {}
    for number in range(times):
        work_until_the_power_is_cut(house, disk, chance, contents, number)
        disk.power_up()
        check_what_the_disk_has(house, contents)
    held = end_in_peace(house, contents)
    figure("power cuts", times)
    figure("files that were under way", len(contents))
    figure("of them held, as nobody could know whether their submit arrived", held)


def work_until_the_power_is_cut(
    house: House, disk: Disk, chance: random.Random, contents: dict[str, bytes], number: int
) -> None:
    """Let a daemon work on some new files, and cut the power after a number of calls that chance has chosen."""
    with running(house) as process:
        before = len(house.sandbox.journal())
        for each in range(FILES):
            name, data = f"{number}-{each}.png", picture(number * FILES + each)
            house.put(house.inbox("pictures", name), data)
            contents[name] = data
        disk.sync()  # what was not on the disk yet would be the loss of whoever copied it there
        calls = before + chance.randint(0, CALLS)
        wait_for(lambda: len(house.sandbox.journal()) >= calls, 20, "so many calls")
        time.sleep(chance.uniform(0, 0.05))  # any moment between two calls, and after the last
        # Frozen first: who dies with the power sends nothing after it, and an fsync that the cut interrupts may
        # come back as if it had reached the disk.
        process.freeze()
        disk.cut_power()
        process.kill()


def check_what_the_disk_has(house: House, contents: dict[str, bytes]) -> None:
    """Every source is there whole, and every result that can be seen is."""
    there = files_below(house.inbox())
    sources = {os.path.basename(path): data for path, data in there.items() if "error" not in path}
    assert sources == contents
    for path, data in house.results().items():
        assert data == contents[path.replace("~1", "")], f"{path} is not whole"


def end_in_peace(house: House, contents: dict[str, bytes]) -> int:
    """Let all jobs end; each is done, or held because its submit was in the air. Give how many are held."""
    with running(house) as process:
        jobs = wait_for(lambda: all_at_an_end(house, len(contents)), 40, "all jobs to end")
        held = [job for job in jobs if job.state is State.HELD]
        assert {job.error_code for job in held} <= {"unknown_submit"}
        assert {job.state for job in jobs} <= {State.DONE, State.HELD}
        check_what_the_disk_has(house, contents)
        by_content = house.sandbox.submits_by_sha256()
        assert [sha256 for sha256, submits in by_content.items() if len(submits) > 1] == []
        done = {name for name in contents if name not in {os.path.basename(job.source) for job in held}}
        assert set(house.results()) == done
        assert {f"done/{name}" for name in done} <= set(files_below(house.inbox()))
        attach(house, held)
        wait_for(lambda: set(house.results()) == set(contents), 20, "the results of what was held")
        assert process.terminate() == 0
    left = [name for name in os.listdir(house.outbox()) if name.startswith(".")]
    assert left == [], "no temporary file stays"
    return len(held)


def all_at_an_end(house: House, number: int) -> list[Job]:
    jobs = jobs_of(house)
    ended = all(job.put_away if job.final else job.state is State.HELD for job in jobs)
    return jobs if ended and len(jobs) == number else []


def attach(house: House, held: list[Job]) -> None:
    """Do for each job of unknown outcome what a person would who looks for it in the account."""
    for job in held:
        sent = house.sandbox.submits_by_sha256().get(hashlib.sha256(picture_of(job)).hexdigest(), [])
        if sent and sent[0].prediction_id:
            ask(house.settings().state_dir, "attach", id=job.id, prediction=sent[0].prediction_id)
        else:  # it never arrived there
            ask(house.settings().state_dir, "retry", ids=[job.id], pay_again=True)


def picture_of(job: Job) -> bytes:
    assert job.lies_at is not None
    with open(job.lies_at, "rb") as file:
        return file.read()
