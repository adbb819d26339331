"""A pool works off what there is, takes what it is handed, and stops with what is in hand done."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from daemon import signs
from daemon.states import Job
from daemon.work.pool import Pool
from tests.made import made_job
from tests.support import wait_for


class Table:
    """Rows to claim, and what was asked and done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.rows: deque[Job] = deque()
        self.asked: list[int] = []
        self.done: list[int] = []
        self.batches: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def add(self, *ids: int) -> None:
        with self._lock:
            self.rows.extend(made_job(id=number) for number in ids)

    def claim(self, most: int) -> list[Job]:
        with self._lock:
            self.asked.append(most)
            return [self.rows.popleft() for _ in range(min(most, len(self.rows)))]

    def work(self, jobs: list[Job]) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.go_on.wait(10)
        with self._lock:
            self.at_once -= 1
            self.done.extend(job.id for job in jobs)
            self.batches.append(len(jobs))


Start = Callable[..., Pool]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def start(table: Table) -> Iterator[Start]:
    pools: list[Pool] = []

    def do(
        size: int = 3,
        claim: Callable[[int], list[Job]] = table.claim,
        work: Callable[[list[Job]], None] = table.work,
        *,
        at_once: int = 1,
        linger: float = 0.0,
        more: int = 0,
    ) -> Pool:
        pool = Pool("test", size, claim, work, at_once=at_once, linger=linger, more=more)
        pools.append(pool)
        pool.start()
        return pool

    yield do
    table.go_on.set()
    for pool in pools:
        pool.stop()
        assert pool.join(10)


def test_all_that_is_there_is_done_once(table: Table, start: Start) -> None:
    table.add(*range(200))
    pool = start()
    wait_for(lambda: len(table.done) == 200)
    table.add(*range(200, 400))
    pool.wake()
    wait_for(lambda: len(table.done) == 400)
    assert Counter(table.done) == Counter(range(400))
    wait_for(pool.quiet)
    assert table.at_once == 0


def test_never_more_at_once_than_there_are_threads(table: Table, start: Start) -> None:
    table.go_on.clear()
    table.add(*range(20))
    pool = start(3)
    wait_for(lambda: table.at_once == 3)
    assert not pool.quiet()
    table.go_on.set()
    wait_for(lambda: len(table.done) == 20)
    assert table.most_at_once == 3


def test_more_threads_than_places_leave_places_and_go_on(table: Table, start: Start) -> None:
    goes_on = threading.Event()
    beyond: list[int] = []

    def work(jobs: list[Job]) -> None:
        table.work(jobs)
        pool.leave()
        pool.leave()  # a second time it leaves nothing
        beyond.append(jobs[0].id)
        assert goes_on.wait(10)

    table.go_on.clear()
    table.add(*range(20))
    pool = start(2, work=work, more=3)
    wait_for(lambda: table.at_once == 2)
    table.go_on.set()
    wait_for(lambda: len(beyond) == 5, what="all five threads to be beyond their places")
    assert len(table.done) == 5
    assert not pool.quiet()
    goes_on.set()
    wait_for(lambda: len(beyond) == 20)
    assert table.most_at_once == 2
    wait_for(pool.quiet)


def test_a_place_that_is_left_is_taken_by_who_waits(table: Table, start: Start) -> None:
    left, goes_on = threading.Event(), threading.Event()

    def work(jobs: list[Job]) -> None:
        if jobs[0].id % 2 == 0:
            assert left.wait(10)
            pool.leave()
            assert goes_on.wait(10)
        table.work(jobs)

    pool = start(1, work=work, more=1)
    for number in range(0, 40, 2):  # often, as nothing tells when a thread that found no place waits again
        left.clear()
        goes_on.clear()
        table.add(number)
        pool.wake()
        wait_for(lambda: not table.rows)
        table.add(number + 1)
        pool.wake()  # whoever hears it finds no place
        left.set()
        wait_for(lambda: number + 1 in table.done)  # noqa: B023
        goes_on.set()
        wait_for(lambda: number in table.done)  # noqa: B023


def test_an_empty_table_is_asked_once_for_each_wake(table: Table, start: Start) -> None:
    pool = start(4)
    wait_for(pool.quiet)
    asked = len(table.asked)
    for number in range(1, 4):
        pool.wake()
        wait_for(pool.quiet)
        assert len(table.asked) == asked + number


def test_no_wake_is_lost(table: Table, start: Start) -> None:
    pool = start(4)

    def bring(start_at: int) -> None:
        for number in range(start_at, start_at + 100):
            table.add(number)
            pool.wake()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(bring, [0, 100, 200, 300]))
    wait_for(lambda: len(table.done) == 400)
    assert sorted(table.done) == list(range(400))


def test_a_job_that_is_handed_over_asks_no_table(table: Table, start: Start) -> None:
    pool = start(2)
    wait_for(pool.quiet)
    asked = len(table.asked)
    assert pool.reserve()
    assert not pool.quiet()
    pool.put(made_job(id=7))
    wait_for(lambda: table.done == [7])
    wait_for(pool.quiet)
    assert len(table.asked) == asked


def test_places_are_bounded_and_given_back(table: Table, start: Start) -> None:
    pool = start(2)
    assert [pool.reserve() for _ in range(5)] == [True, True, True, True, False]
    pool.unreserve()
    assert pool.reserve()
    for number in range(4):
        pool.put(made_job(id=number))
    wait_for(lambda: sorted(table.done) == [0, 1, 2, 3])
    wait_for(pool.quiet)
    assert pool.reserve()
    pool.unreserve()


def test_jobs_that_wait_are_worked_on_together_up_to_a_number(table: Table, start: Start) -> None:
    table.add(*range(25))
    start(1, at_once=10)
    wait_for(lambda: len(table.done) == 25)
    assert table.done == list(range(25))
    assert max(table.batches) == 10
    assert table.asked[0] == 10


def test_what_is_handed_over_while_it_lingers_is_worked_on_together(table: Table, start: Start) -> None:
    pool = start(1, at_once=10, linger=10.0)
    wait_for(pool.quiet)
    for number in range(3):
        assert pool.reserve()
        pool.put(made_job(id=number))
    assert not pool.quiet()

    def worked_on() -> bool:
        pool.wake()  # whoever knows of more does not let it wait
        return table.batches == [3]

    wait_for(worked_on)


def test_it_stops_with_what_is_in_hand_done_and_takes_up_nothing_more(table: Table, start: Start) -> None:
    table.go_on.clear()
    table.add(*range(10))
    pool = start(2)
    wait_for(lambda: table.at_once == 2)
    pool.stop()
    assert not pool.join(0.0)
    assert not pool.reserve()
    table.go_on.set()
    assert pool.join(10)
    assert len(table.done) == 2
    pool.wake()
    assert not pool.reserve()


def test_it_may_stop_with_what_was_handed_over_done_too(table: Table, start: Start) -> None:
    pool = start(1, at_once=2, linger=10.0)
    wait_for(pool.quiet)
    for number in range(4):
        assert pool.reserve()
        pool.put(made_job(id=number))
    pool.stop(drain=True)
    assert pool.join(10)
    assert sorted(table.done) == [0, 1, 2, 3]
    assert not pool.reserve()


def test_a_table_that_cannot_be_read_is_asked_again(table: Table, start: Start) -> None:
    faults = iter([OSError("unable to open database file")])

    def claim(most: int) -> list[Job]:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        return table.claim(most)

    table.add(1, 2, 3)
    start(2, claim)
    wait_for(lambda: sorted(table.done) == [1, 2, 3])


def test_it_is_silent_from_the_time_that_its_only_job_hangs(table: Table, start: Start) -> None:
    pool = start(2)
    wait_for(pool.quiet)
    assert pool.silence(monotonic() + 1000.0) == 0.0  # with nothing to do, silence says nothing
    table.go_on.clear()
    table.add(1)
    before = monotonic()
    pool.wake()
    wait_for(lambda: table.at_once == 1)
    assert pool.silence(before) == 0.0
    assert pool.silence(monotonic() + 100.0) >= 100.0
    table.go_on.set()
    wait_for(pool.quiet)
    assert pool.silence(monotonic() + 1000.0) == 0.0


def test_one_job_that_gets_on_is_enough_beside_one_that_hangs(table: Table, start: Start) -> None:
    hangs, over = threading.Event(), threading.Event()

    def work(jobs: list[Job]) -> None:
        if jobs[0].id == 1:
            hangs.set()
            assert over.wait(10)
        table.work(jobs)

    table.add(1)
    pool = start(2, work=work)
    assert hangs.wait(10)
    hung_at = monotonic()
    table.add(2)
    pool.wake()
    wait_for(lambda: table.done == [2])
    assert pool.silence(hung_at + 100.0) < 100.0  # less than if it were counted from when the one hung
    over.set()


def test_work_that_no_thread_takes_up_makes_it_silent(table: Table) -> None:
    pool = Pool("test", 2, table.claim, table.work)  # never started: as if its threads had died
    pool.wake()
    assert pool.silence(monotonic() + 100.0) >= 100.0


def test_silence_that_is_explained_does_not_count(table: Table, start: Start) -> None:
    ends_at = monotonic() + 500.0
    waiting, go_on = threading.Event(), threading.Event()

    def work(_jobs: list[Job]) -> None:
        signs.silent_until(ends_at)  # as a call does that has a deadline
        waiting.set()
        assert go_on.wait(10)

    table.add(1)
    pool = start(2, work=work)
    assert waiting.wait(10)
    assert pool.silence(monotonic() + 400.0) == 0.0
    assert pool.silence(ends_at + 100.0) >= 100.0
    go_on.set()


def test_a_table_that_cannot_be_read_hangs_nothing(table: Table, start: Start) -> None:
    asked = threading.Semaphore(0)

    def claim(most: int) -> list[Job]:
        asked.release()
        raise OSError("unable to open database file")

    pool = start(1, claim)
    for _ in range(2):
        assert asked.acquire(timeout=10)
    assert pool.silence(monotonic()) < 60.0


def test_a_pool_that_never_started_ends_at_once(table: Table) -> None:
    pool = Pool("test", 2, table.claim, table.work)
    pool.stop()
    assert pool.join(0.0)
