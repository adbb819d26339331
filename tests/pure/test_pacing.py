"""The window stays between its bounds, shrinks once per wave of refusals, recovers, and tries gently."""

import math

from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas.pacing import FIRST_PAUSE, LONGEST_PAUSE, TRIAL_INTERVAL, Outcome, Pacing, Window

CHANCE = st.floats(0, 1, exclude_max=True)
CEILING = st.floats(1, 500)
STEPS = st.lists(
    st.tuples(st.sampled_from(Outcome), st.floats(0, 30), CHANCE, st.none() | st.floats(0, 3600)), max_size=80
)


@given(CEILING, STEPS)
def test_the_window_stays_between_its_bounds(
    ceiling: float, steps: list[tuple[Outcome, float, float, float | None]]
) -> None:
    window, now = Window(ceiling, ceiling), 0.0
    for outcome, passed, chance, after in steps:
        now += passed
        before = window
        if outcome is Outcome.GOOD:
            window = window.grown()
            assert window.limit >= before.limit
        elif outcome is Outcome.LIMITED:
            window = window.shrunk(now, now, chance, after)
            assert window.limit <= before.limit
            assert window.blocked_until >= before.blocked_until
            assert window.blocked_until <= max(
                before.blocked_until, now + (LONGEST_PAUSE if after is None else after)
            )
        elif outcome is Outcome.BROKEN:
            window = window.broken(now, now, chance)
            assert window.limit == before.limit
            assert before.blocked_until <= window.blocked_until <= max(before.blocked_until, now + LONGEST_PAUSE)
        assert window.at_once == (1 if window.failures else math.floor(window.limit))
        assert 1 <= window.limit <= ceiling


@given(st.floats(1, 30), CHANCE)
def test_it_recovers(ceiling: float, chance: float) -> None:
    window = Window(ceiling, ceiling)
    for number in range(20):
        window = window.shrunk(number, number, chance)
    assert window.limit == 1
    calls = 0
    while window.limit < ceiling:
        window = window.grown()
        calls += 1
    # one more for each window's worth of calls: the sum of 1 to ceiling
    assert calls <= ceiling * (ceiling + 1) / 2 + 2
    assert window.failures == 0 or ceiling == 1


def test_failures_of_calls_that_were_under_way_together_count_once() -> None:
    window = Window(64, 64).shrunk(100.0, 90.0, 0.5)
    together = window.shrunk(100.5, 91.0, 0.5).shrunk(101.0, 99.9, 0.5).broken(102.0, 99.0, 0.5)
    assert together == window
    assert window.limit == 32
    assert window.shrunk(101.0, 100.9, 0.5).limit == 16


def test_a_pause_that_is_asked_for_is_kept_even_in_a_wave() -> None:
    window = Window(64, 64).shrunk(100.0, 99.0, 0.0).shrunk(100.1, 99.0, 0.0, after=30)
    assert math.isclose(window.blocked_until, 130.1)


def test_pauses_double_with_each_failure_in_a_row() -> None:
    refused = broken = Window(64, 64)
    pauses: list[tuple[float, float]] = []
    for number in range(10):
        now = 1000.0 * (number + 1)
        refused, broken = refused.shrunk(now, now, 0.0), broken.broken(now, now, 0.0)
        pauses.append((refused.blocked_until - now, max(0.0, broken.blocked_until - now)))
    half = FIRST_PAUSE / 2
    doubled = [half * factor for factor in (1, 2, 4, 8, 16, 32, 64)] + [LONGEST_PAUSE / 2] * 3
    assert pauses == list(zip(doubled, [0.0, *doubled[:-1]], strict=True))


def test_a_pause_that_is_lifted_leaves_one_trial() -> None:
    pacing = Pacing(4, lambda: 0.5)
    for now in (1.0, 1000.0, 2000.0):
        assert pacing.admit("k", now)
        pacing.release("k", Outcome.LIMITED, now, began=now, after=500)
    assert pacing.room("k", 2001.0, 4) == 0
    pacing.lift()
    assert pacing.room("k", 2001.0, 4) == 1
    assert pacing.window("k").limit == 1


def test_one_failure_in_between_stops_nothing_for_long() -> None:
    window = Window(64, 64).broken(100.0, 99.0, 0.9)
    assert (window.at_once, window.limit, window.blocked_until <= 100.0) == (1, 64, True)
    assert window.grown() == Window(64, 64, failed_at=100.0, blocked_until=window.blocked_until)


def test_trials_after_failures_are_apart_over_all_keys() -> None:
    pacing = Pacing(4, lambda: 0.5)
    for key in "abc":
        assert pacing.admit(key, 0.0)
        pacing.release(key, Outcome.BROKEN, 1.0, began=0.0)
    now = 2.0
    for key in "abc":
        assert pacing.admit(key, now)
        assert not any(pacing.admit(other, now + TRIAL_INTERVAL * 0.9) for other in "abc")
        now += TRIAL_INTERVAL
    assert pacing.admit("d", now)  # has not failed


def test_who_found_no_room_is_told_of_the_next_place() -> None:
    pacing = Pacing(2, lambda: 0.5)
    assert pacing.room("k", 0.0, 2) == 2
    assert pacing.admit("k", 0.0)
    assert pacing.room("k", 0.0, 2) == 1
    assert pacing.release("k", Outcome.GOOD, 1.0, began=0.0)
    assert pacing.admit("k", 1.0)
    assert not pacing.release("k", Outcome.GOOD, 2.0, began=1.0)


@given(st.lists(st.sampled_from(["admit", *Outcome]), max_size=100), st.integers(1, 8))
def test_never_more_under_way_than_the_window_has(steps: list[str | Outcome], ceiling: int) -> None:
    pacing, under_way, now = Pacing(ceiling, lambda: 0.5), 0, 0.0
    for step in steps:
        now += 1.0
        if not isinstance(step, Outcome):
            room = under_way < pacing.window("k").at_once and now >= pacing.opens_at("k")
            admitted = pacing.admit("k", now)
            assert admitted is room
            under_way += admitted
        elif under_way:
            pacing.release("k", step, now, began=now - 0.5)
            under_way -= 1


def test_the_end_of_a_pause_is_told_also_where_nobody_waits_yet() -> None:
    pacing = Pacing(2, lambda: 0.5)
    assert pacing.admit("k", 0.0)
    assert pacing.release("k", Outcome.LIMITED, 1.0, began=0.0)
    assert pacing.opens_next(1.0) == pacing.opens_at("k") > 1.0


def test_keys_do_not_touch_each_other() -> None:
    pacing = Pacing(2, lambda: 0.9)
    assert pacing.admit("a", 0.0)
    pacing.release("a", Outcome.LIMITED, 0.0, began=0.0, after=60)
    assert not pacing.admit("a", 59.0)
    assert pacing.admit("b", 0.0)
    assert pacing.admit("a", 60.0)
    assert not pacing.admit("a", 60.0)  # one at once now
    pacing.release("a", Outcome.OTHER, 61.0, began=60.0)
    assert pacing.window("a").limit == 1
