"""SIGKILL at random moments while 150 files are under way: nothing is lost and nothing is paid twice.

No intent to submit is in the table before a thread is about to send it: a kill would have it held in vain.
"""

import itertools
import os
import random
import secrets
import time
from pathlib import Path

import pytest

from daemon.states import Job, State
from tests.conftest import Figure
from tests.daemon.house import LASTING, House, house_in
from tests.daemon.mixture import FOLDERS, File, attach_what_is_held, check_all_delivered, mixed, settled
from tests.daemon.process import jobs_of
from tests.kills.forks import Fork, fork
from tests.support import wait_for

#: Names the environment variable that repeats a run.
SEED = "HOTFOLDER_KILL_SEED"
KILLS = 12
#: Files that are there at first, that come with each kill, and that come before the last one.
AT_FIRST, WITH_EACH = 30, 8
#: Threads that may send a submit at one time: those of the stage, and those that go on with what they uploaded.
STAGE = 4
SENDERS = STAGE + 8
#: Seconds for which nothing changes where all that can be sent is sent.
REST = 1.0


def drop(house: House, files: list[File]) -> None:
    for folder, name, data in files:
        house.drop(name, data, folder)


def started(house: House) -> Fork:
    return fork(house.base, house.environ, ["run", "--config", house.config])


def run_and_kill(house: House, chance: random.Random) -> None:
    """Kill a daemon after a random number of requests, at a random moment between two of them.

    So the work goes on about as far on a slow machine as on a fast one.
    """
    requests = len(house.sandbox.journal()) + chance.randrange(1, 50)
    daemon = started(house)
    try:
        wait_for(lambda: daemon.ended(0.002) or len(house.sandbox.journal()) >= requests, 30, "some requests")
        assert not daemon.ended(chance.uniform(0.0, 0.1)), "it ended by itself"
    finally:
        daemon.close()


def kill_at_rest(house: House, unknown: set[int], files: list[File]) -> None:
    """Kill a daemon whose submits get no answer, as soon as each of its intents was followed by its request.

    An intent comes when a thread is about to send it, and not before. At a random moment each of these threads may
    be between the two by chance; where all of them wait for an answer, none is. An intent that came too early
    waits for its turn, and here it waits in vain.
    """
    house.sandbox.fault("submit", "hang", count=None, seconds=LASTING)
    daemon = started(house)
    drop(house, files)
    seen, since = -1, time.monotonic()

    def at_rest() -> bool:
        nonlocal seen, since
        new = [job for job in open_intents(house) if job.id not in unknown]
        sent = [entry.body for entry in house.submits()]
        if len(new) != seen or not all(job.request and job.request["body"] in sent for job in new):
            seen, since = len(new), time.monotonic()
        return STAGE <= seen <= SENDERS and time.monotonic() > since + REST

    try:
        wait_for(at_rest, what="the request of each intent")
    finally:
        daemon.close()
        house.sandbox.clear_faults()


def open_intents(house: House) -> list[Job]:
    """Give the jobs whose intent to submit is in the table and the outcome is not."""
    return [job for job in jobs_of(house) if job.state is State.SUBMITTING]


def in_air(house: House) -> int:
    """Count the submits whose answer the table never got: by the journal, they were cut or made a prediction."""
    known = {job.prediction_id for job in jobs_of(house)} - {None}
    return sum(entry.prediction_id not in known for entry in house.submits())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_random_kills_lose_nothing_and_pay_nothing_twice(tmp_path: Path, figure: Figure) -> None:
    seed = int(os.environ.get(SEED) or secrets.randbits(32))
    figure(f"seed of the random kills (${SEED} repeats it)", seed)
    chance = random.Random(seed)  # noqa: S311 - no secret
    files = mixed(25)
    chance.shuffle(files)
    with house_in(os.fspath(tmp_path)) as house:
        house.sandbox.set(latency=0.03, predict_seconds=0.3, jitter=0.9)
        house.configure(FOLDERS)
        left = iter(files)
        drop(house, list(itertools.islice(left, AT_FIRST)))
        unknown: set[int] = set()
        for _ in range(KILLS):
            drop(house, list(itertools.islice(left, WITH_EACH)))
            run_and_kill(house, chance)
            new = {job.id for job in open_intents(house)}
            assert len(new - unknown) <= SENDERS
            unknown |= new
        kill_at_rest(house, unknown, list(left))
        unknown |= {job.id for job in open_intents(house)}
        put_away = sum(job.put_away for job in jobs_of(house))
        figure(f"files of {len(files)} that the kills left unfinished", len(files) - put_away)
        finish(house, len(files), unknown, figure)
    check_all_delivered(house, files)


def finish(house: House, number: int, unknown: set[int], figure: Figure) -> None:
    """Let the last daemon finish: held are just those whose submit was in the air. A person resolves them."""
    daemon = started(house)
    try:
        held = {job.id for job in settled(house, number) if job.state is State.HELD}
        sent = in_air(house)
        figure(
            f"held after {KILLS} random kills and one at rest",
            f"{len(held)}; submits in the air by the journal: {sent}",
        )
        assert held == unknown
        # The journal can't know a submit whose intent was on its way to the disk and that was then not sent. How
        # many these are depends on the disk (10 in 12 kills were seen), so they are bounded at each kill: no more
        # than threads that send, and none of those who are at rest.
        assert sent <= len(held)
        if attach_what_is_held(house):
            settled(house, number)
    finally:
        daemon.close()
