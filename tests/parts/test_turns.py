"""Turns: one thread computes at a time, those that wait let others, and who hangs keeps nobody for ever."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from daemon import turns
from tests.support import wait_for

In = Callable[[Callable[[], None]], None]


@pytest.fixture
def beside() -> Iterator[In]:
    """Give what runs a call in a thread of its own; all have to end by themselves."""
    threads: list[threading.Thread] = []

    def start(call: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=call))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_one_at_a_time_computes() -> None:
    turn = turns.Turn(longest=10.0)
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns.mine(turn):
                inside += 1
                most = max(most, inside)
                inside -= 1
                with turns.away():
                    pass
                inside += 1
                most = max(most, inside)
                inside -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert most == 1


def test_who_is_away_lets_others(beside: In) -> None:
    turn = turns.Turn(longest=60.0)
    away, done = threading.Event(), threading.Event()

    def waits() -> None:
        with turns.mine(turn), turns.away():
            away.set()
            assert done.wait(10)

    beside(waits)
    assert away.wait(10)
    with turns.mine(turn):
        done.set()


def test_a_thread_that_hangs_keeps_others_waiting_once(beside: In) -> None:
    turn = turns.Turn(longest=0.05)
    hangs, over = threading.Event(), threading.Event()

    def hang() -> None:
        with turns.mine(turn):
            hangs.set()
            assert over.wait(10)
        passed.set()

    passed = threading.Event()
    beside(hang)
    assert hangs.wait(10)
    with turns.mine(turn):
        over.set()  # the other one comes back, and gives nothing back that it no longer has
        assert passed.wait(10)
        taken = threading.Event()

        def take() -> None:
            with turns.mine(turn):
                taken.set()

        began = monotonic()
        beside(take)
        wait_for(taken.is_set)
        assert monotonic() - began >= 0.05  # it had to wait, so the turn was still taken


def test_without_a_turn_nothing_is_given_away() -> None:
    turn = turns.Turn(longest=60.0)
    turn.take()
    with turns.away():  # this thread never said that the turn is its own
        assert not turn.is_free()
    turn.give()
    assert turn.is_free()


def test_a_turn_ends_with_an_error() -> None:
    turn = turns.Turn(longest=60.0)
    with pytest.raises(OSError, match="bad"), turns.mine(turn), turns.away():
        raise OSError("bad")
    assert turn.is_free()


def test_who_is_away_twice_is_away_until_the_outer_end() -> None:
    turn = turns.Turn(longest=60.0)
    with turns.mine(turn):
        with turns.away():
            with turns.away():
                assert turn.is_free()
            assert turn.is_free()
        assert not turn.is_free()
    assert turn.is_free()
