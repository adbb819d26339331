"""When to ask for a prediction: always later than now, soon after it is ready, and not too often."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.durations import ENOUGH, LONGEST, REMEMBERED, SHORTEST, Pace

KINDS = st.sampled_from(["image", "video", "audio", "other"])
SECONDS = st.floats(0, 3600)
DAY = 86400.0


def learnt(durations: list[float]) -> Pace:
    pace = Pace()
    for seconds in durations:
        pace.learn(seconds)
    return pace


def asked(pace: Pace, kind: str, duration: float, took: float = 0.05) -> list[float]:
    """Give the times at which a prediction that lasts `duration` is asked for; each question takes `took`."""
    elapsed = 0.0
    at: list[float] = []
    while not at or at[-1] < duration:
        elapsed = max(elapsed, pace.next_after(elapsed, kind, len(at)))
        at.append(elapsed)
        elapsed += took
    return at


@settings(deadline=None)
@given(st.lists(SECONDS, max_size=2 * REMEMBERED), st.floats(0, 30 * DAY), KINDS, st.integers(1, 1_000_000))
def test_the_next_question_is_later_than_the_last(
    durations: list[float], elapsed: float, kind: str, polls: int
) -> None:
    pace = learnt(durations)
    at = pace.next_after(elapsed, kind, polls)
    assert math.isfinite(at)
    assert elapsed < at
    assert at <= max(elapsed + LONGEST, max(durations, default=0.0) + SHORTEST)


@settings(deadline=None)
@given(st.lists(SECONDS, max_size=REMEMBERED), SECONDS, KINDS)
def test_the_first_question_is_never_put_off_past_the_slowest(
    durations: list[float], elapsed: float, kind: str
) -> None:
    at = learnt(durations).next_after(elapsed, kind, 0)
    assert at <= max([elapsed + LONGEST, *durations])


@settings(deadline=None)
@given(st.lists(SECONDS, max_size=3 * REMEMBERED), st.floats(0, 1))
def test_a_quantile_is_one_of_the_latest_durations(durations: list[float], share: float) -> None:
    pace = learnt(durations)
    latest = durations[-REMEMBERED:]
    assert pace.known is (len(latest) >= ENOUGH)
    if latest:
        assert pace.quantile(share) in latest
        assert sum(each <= pace.quantile(share) for each in latest) >= share * len(latest)
    if pace.known:
        assert pace.typical() == pace.quantile(0.5)


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 3600), KINDS)
def test_an_unknown_model_is_asked_seldom_enough(duration: float, kind: str) -> None:
    at = asked(Pace(), kind, duration)
    # pauses grow by a fifth up to LONGEST: so many questions until then, and one for each LONGEST afterwards
    assert len(at) <= 25 + duration / LONGEST
    assert at[-1] <= duration * 1.25 + 2.5


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(1, 600), min_size=ENOUGH, max_size=REMEMBERED), st.floats(0, 1))
def test_a_known_model_is_asked_when_the_answer_is_likely(durations: list[float], share: float) -> None:
    pace = learnt(durations)
    duration = pace.quantile(share)
    at = asked(pace, "video", duration)
    assert len(at) <= 9
    assert at[0] >= min(durations)
    assert at[-1] <= max(durations) + 9 * (SHORTEST + 0.05)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.1, 60), st.floats(1, 20))
def test_a_model_that_became_slow_is_still_found_ready(before: float, factor: float) -> None:
    pace = learnt([before] * REMEMBERED)
    duration = before * factor
    at = asked(pace, "image", duration)
    assert len(at) <= 60
    assert at[-1] - duration <= max(SHORTEST, min(LONGEST, 0.3 * duration)) + 0.1
    for _ in range(REMEMBERED):
        pace.learn(duration)
    assert len(asked(pace, "image", duration)) == 1


def test_a_model_that_answers_at_once_is_asked_at_once() -> None:
    assert Pace().next_after(0.0, "image", 0) == 0.0
    assert learnt([0.0] * ENOUGH).next_after(0.0, "image", 0) == 0.0


@pytest.mark.parametrize("polls", [10_000, 10_000_000])
def test_a_prediction_that_takes_days_is_still_asked_for(polls: int) -> None:
    assert Pace().next_after(3 * DAY, "video", polls) == 3 * DAY + LONGEST
