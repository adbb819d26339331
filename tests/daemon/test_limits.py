"""The limits of what is in flight, also over a restart; folders and files wait for each other only so long."""

import threading

from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House
from tests.daemon.samples import picture
from tests.support import wait_for


def most_at_once(house: House, folder: str | None = None) -> int:
    """Give the most jobs that were submitting or processing at one time, by the table's history."""
    steps = []
    for job in house.jobs():
        if folder in {None, job.folder}:
            history = house.daemon.parts.store.history(job.id)
            steps += [(line.at, 1) for line in history if line.after is State.SUBMITTING]
            steps += [(line.at, -1) for line in history if line.before is State.PROCESSING]
    now = most = 0
    for _, step in sorted(steps):  # at equal times ends come first: the place was free when it was taken
        now += step
        most = max(most, now)
    return most


def test_the_limits_in_flight_are_never_exceeded(house: House) -> None:
    house.sandbox.set(predict_seconds=0.15)
    house.start({"a": {"in_flight": 2}, "b": {}}, limits={"in_flight": 4})
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        states = (State.SUBMITTING, State.PROCESSING)
        while not over.wait(0.005):
            counts = dict(house.daemon.parts.store.counts)
            seen.append(sum(number for (_, state), number in counts.items() if state in states))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(10):
            house.drop(f"{number}.png", picture(number), "a")
            house.drop(f"{number}.png", picture(100 + number), "b")
        house.until_all_done(20)
    finally:
        over.set()
        watcher.join()
    assert max(seen) <= 4
    assert 2 < most_at_once(house) <= 4
    assert most_at_once(house, "a") == 2


def test_the_limits_hold_over_a_restart(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start(limits={"in_flight": 2})
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(6)]
    wait_for(lambda: len(house.submits()) == 2, 10, "two submits")
    house.stop()
    house.sandbox.end_predictions()
    house.begin()
    for source in sources:
        house.until(source)
    assert most_at_once(house) == 2
    assert len(house.submits()) == 6


def test_no_folder_waits_until_another_is_done(house: House) -> None:
    house.start({"a": {}, "b": {}}, limits={"in_flight": 2, "uploads": 2})
    house.daemon.parts.actions.pause()
    for folder in "ab":
        for number in range(20):
            house.drop(f"{number}.png", picture(number + 100 * (folder == "b")), folder)
        wait_for(lambda: len(house.jobs()) in {20, 40}, 10, "the jobs")
    house.daemon.parts.actions.resume()
    house.until_all_done(40)
    of_sha256 = {job.sha256: job.folder for job in house.jobs()}
    order = "".join(of_sha256[entry.uploads[0]] for entry in house.submits())
    assert len(order) == 40
    assert 5 <= order[:20].count("a") <= 15, order


def test_a_file_that_comes_while_many_wait_does_not_wait_for_all_of_them(house: House) -> None:
    house.sandbox.set(latency=0.01)
    house.start(limits={"uploads": 1})
    house.daemon.parts.actions.pause()
    for number in range(60):
        house.drop(f"{number}.png", picture(number))
    wait_for(lambda: len(house.jobs()) == 60, 10, "the jobs")
    house.daemon.parts.actions.resume()
    wait_for(lambda: len(house.submits()) >= 5, 10, "the first submits")
    late = house.until(house.drop("late.png", picture(1000)))
    assert len([job for job in house.jobs() if job.state is not State.DONE]) > 10
    house.until_all_done(61)
    assert late.folder == FOLDER
