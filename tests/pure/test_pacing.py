"""The window stays between its bounds whatever happens, shrinks once per wave of refusals, and recovers."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.atlas.pacing import LONGEST_PAUSE, SHRINK_INTERVAL, Outcome, Pacing, Window

CHANCE = st.floats(0, 1, exclude_max=True)
CEILING = st.floats(1, 500)
STEPS = st.lists(
    st.tuples(st.sampled_from(Outcome), st.floats(0, 30), CHANCE, st.none() | st.floats(0, 3600)), max_size=80
)


@settings(deadline=None)
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
            window = window.shrunk(now, chance, after)
            assert window.limit <= before.limit
            assert window.blocked_until >= before.blocked_until
            assert window.blocked_until <= max(
                before.blocked_until, now + (LONGEST_PAUSE if after is None else after)
            )
        assert 1 <= window.limit <= ceiling


@settings(deadline=None)
@given(st.floats(1, 30), CHANCE)
def test_it_recovers(ceiling: float, chance: float) -> None:
    window = Window(ceiling, ceiling)
    for number in range(20):
        window = window.shrunk(number * 10 * SHRINK_INTERVAL, chance)
    assert window.limit == 1
    calls = 0
    while window.limit < ceiling:
        window = window.grown()
        calls += 1
    # one more for each window's worth of calls: the sum of 1 to ceiling
    assert calls <= ceiling * (ceiling + 1) / 2 + 2
    assert window.refusals == 0 or ceiling == 1


def test_refusals_that_come_together_count_once() -> None:
    window = Window(64, 64).shrunk(100.0, 0.5)
    together = window.shrunk(100.5, 0.5).shrunk(101.0, 0.5)
    assert together.limit == window.limit == 32
    assert window.shrunk(100.0 + SHRINK_INTERVAL, 0.5).limit == 16


def test_a_pause_that_is_asked_for_is_kept_even_in_a_wave() -> None:
    window = Window(64, 64).shrunk(100.0, 0.0).shrunk(100.1, 0.0, after=30)
    assert math.isclose(window.blocked_until, 130.1)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["admit", *Outcome]), max_size=100), st.integers(1, 8))
def test_never_more_under_way_than_the_window_has(steps: list[str | Outcome], ceiling: int) -> None:
    pacing, under_way, now = Pacing(ceiling, lambda: 0.5), 0, 0.0
    for step in steps:
        now += 1.0
        if not isinstance(step, Outcome):
            room = under_way < math.floor(pacing.window("k").limit) and now >= pacing.opens_at("k")
            admitted = pacing.admit("k", now)
            assert admitted is room
            under_way += admitted
        elif under_way:
            pacing.release("k", step, now)
            under_way -= 1


def test_keys_do_not_touch_each_other() -> None:
    pacing = Pacing(2, lambda: 0.9)
    assert pacing.admit("a", 0.0)
    pacing.release("a", Outcome.LIMITED, 0.0, after=60)
    assert not pacing.admit("a", 59.0)
    assert pacing.admit("b", 0.0)
    assert pacing.admit("a", 60.0)
    assert not pacing.admit("a", 60.0)  # one at once now
    pacing.release("a", Outcome.OTHER, 61.0)
    assert pacing.window("a").limit == 1
