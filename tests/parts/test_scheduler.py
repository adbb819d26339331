"""The scheduler looks when something is due: not before, not twice, and again after an error."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest

from daemon.clock import Clock
from daemon.service.scheduler import Scheduler
from tests.support import wait_for

Due = Callable[[], float | None]
Start = Callable[[Due], Scheduler]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Start]:
    made: list[Scheduler] = []

    def do(due: Due) -> Scheduler:
        scheduler = Scheduler(clock, due)
        made.append(scheduler)
        scheduler.start()
        return scheduler

    yield do
    for scheduler in made:
        assert scheduler.stop(10)


class Looks:
    """Counts the looks; gives the time of the next from `plan`, then None."""

    def __init__(self, clock: Clock, plan: list[float]) -> None:
        self._clock = clock
        self._plan = iter(plan)
        self._lock = threading.Lock()
        self.at: list[float] = []

    def __call__(self) -> float | None:
        with self._lock:
            self.at.append(self._clock.now())
            after = next(self._plan, None)
            return None if after is None else self._clock.now() + after


def test_it_looks_at_the_start_and_whenever_something_is_due(clock: Clock, start: Start) -> None:
    looks = Looks(clock, [0.05] * 5)
    scheduler = start(looks)
    wait_for(lambda: len(looks.at) == 6)
    assert all(later - earlier > 0.04 for earlier, later in zip(looks.at, looks.at[1:], strict=False))
    assert scheduler.silence() == 0.0


def test_it_looks_when_it_is_told_to(clock: Clock, start: Start) -> None:
    looks = Looks(clock, [])
    scheduler = start(looks)
    wait_for(lambda: len(looks.at) == 1)
    at = clock.now() + 0.2
    scheduler.later(at)
    wait_for(lambda: len(looks.at) == 2)
    assert looks.at[1] > at - 0.01
    scheduler.later(0.0)  # long past: at once
    wait_for(lambda: len(looks.at) == 3)


def test_an_earlier_time_comes_first_and_the_later_one_still_comes(clock: Clock, start: Start) -> None:
    due = [clock.now() + 4.0]
    seen: list[float] = []

    def look() -> float | None:
        seen.append(clock.now())
        return due[0] if clock.now() < due[0] else None

    scheduler = start(look)
    wait_for(lambda: len(seen) == 1)
    scheduler.later(clock.now() + 0.1)
    wait_for(lambda: seen[-1] >= due[0])
    assert any(at < due[0] for at in seen[1:])


def test_being_told_often_makes_it_look_no_oftener_for_ever(clock: Clock, start: Start) -> None:
    looks = Looks(clock, [0.5, *[0.3] * 400])
    scheduler = start(looks)
    wait_for(lambda: len(looks.at) == 1)
    for number in range(40):  # each earlier than the one before
        scheduler.later(clock.now() + 0.49 - number * 0.01)
    wait_for(lambda: looks.at[-1] - looks.at[0] > 1.0)
    begin = len(looks.at)
    wait_for(lambda: looks.at[-1] - looks.at[begin - 1] > 1.5)
    # one look each 0.3 s, give or take those that were under way at both ends
    assert len(looks.at) - begin <= 8


def test_what_is_due_while_it_looks_is_looked_at_again(clock: Clock, start: Start) -> None:
    under_way, go_on = threading.Event(), threading.Event()
    count = []

    def look() -> None:
        count.append(1)
        under_way.set()
        assert go_on.wait(10)

    scheduler = start(look)
    assert under_way.wait(10)
    scheduler.later(clock.now())
    go_on.set()
    wait_for(lambda: len(count) >= 2)


def test_many_threads_may_tell_it(clock: Clock, start: Start) -> None:
    looks = Looks(clock, [])
    scheduler = start(looks)
    latest = clock.now() + 0.5

    def tell() -> None:
        for number in range(100):
            scheduler.later(latest - number * 0.001)

    threads = [threading.Thread(target=tell) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: looks.at and looks.at[-1] >= latest - 0.1)


def test_after_an_error_it_looks_again(clock: Clock, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    faults = iter([OSError("disk I/O error")])
    looks: list[float] = []

    def look() -> None:
        looks.append(clock.now())
        fault = next(faults, None)
        if fault is not None:
            raise fault

    start(look)
    wait_for(lambda: len(looks) == 2)
    assert "disk I/O error" in caplog.text


def test_calls_at_intervals(clock: Clock, start: Start) -> None:
    calls: list[float] = []
    scheduler = start(lambda: None)
    scheduler.every(0.05, lambda: calls.append(clock.now()))
    wait_for(lambda: len(calls) >= 3)


def test_it_waits_for_a_call_under_way_when_it_stops(clock: Clock) -> None:
    under_way, over = threading.Event(), threading.Event()

    def look() -> float:
        under_way.set()
        assert not over.wait(0.2)
        over.set()
        scheduler.later(clock.now())  # as a probe does that reopens a gate
        return clock.now() + 0.1

    scheduler = Scheduler(clock, look)
    scheduler.start()
    assert under_way.wait(10)
    assert scheduler.stop(10)
    assert over.is_set()
    scheduler.later(clock.now())  # a thread that ends late may still say something


def test_it_waits_for_a_call_that_hangs_no_longer_than_it_may(clock: Clock) -> None:
    under_way, over = threading.Event(), threading.Event()

    def hang() -> None:
        under_way.set()
        over.wait(20)

    scheduler = Scheduler(clock, lambda: None)
    scheduler.start()
    scheduler.soon(hang)
    assert under_way.wait(10)
    began = clock.now()
    assert not scheduler.stop(0.2)
    assert clock.now() - began < 2.0
    scheduler.soon(hang)  # what still runs may say something
    scheduler.later(clock.now())
    over.set()


def test_one_that_never_started_is_stopped(clock: Clock) -> None:
    assert Scheduler(clock, lambda: None).stop(0.0)


def test_it_stops_at_any_moment(clock: Clock) -> None:
    for number in range(40):
        scheduler = Scheduler(clock, clock.now)
        scheduler.start()
        scheduler.later(clock.now() + number * 0.0005)
        assert scheduler.stop(10)


def test_a_wall_clock_that_is_set_back_delays_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class SetBack(Clock):
        """A clock whose wall clock can be set."""

        by = 0.0

        def wall(self) -> float:  # type: ignore[override]
            return super().wall() + self.by

    clock = SetBack()
    looks = Looks(clock, [0.2])
    scheduler, rescans = Scheduler(clock, looks), threading.Event()
    scheduler.every(0.3, rescans.set)
    scheduler.start()
    wait_for(lambda: len(looks.at) == 1)
    for (
        job
    ) in scheduler._scheduler.get_jobs():  # what they are for APScheduler once the wall clock shows an hour less
        job.modify(next_run_time=job.next_run_time + dt.timedelta(hours=1))
    clock.by = -3600.0
    scheduler.keep_up()
    wait_for(lambda: len(looks.at) > 1)
    assert rescans.wait(10)
    assert scheduler.stop(10)
    assert "-3600" in caplog.text


def test_a_wall_clock_that_runs_true_is_left_alone(clock: Clock, start: Start) -> None:
    looks = Looks(clock, [])
    scheduler = start(looks)
    wait_for(lambda: looks.at)
    at = [job.next_run_time for job in scheduler._scheduler.get_jobs()]
    scheduler.keep_up()
    assert [job.next_run_time for job in scheduler._scheduler.get_jobs()] == at
