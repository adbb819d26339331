"""When to ask for a prediction: always later than now, soon after it is ready, and not too often."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.pace.durations import ENOUGH, LONGEST, OVERDUE, PRIOR, SHORTEST, Pace, together
from daemon.pace.hazard import REMEMBERED

KINDS = st.sampled_from(["image", "video", "audio", "other"])
SECONDS = st.floats(0, 3600)
DAY = 86400.0


def learnt(durations: list[float]) -> Pace:
    pace = Pace()
    for seconds in durations:
        pace.learn(0.0, seconds, seconds)
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


@given(st.lists(SECONDS, max_size=2 * REMEMBERED), st.floats(0, 30 * DAY), KINDS, st.integers(1, 1_000_000))
def test_the_next_question_is_later_than_the_last(
    durations: list[float], elapsed: float, kind: str, polls: int
) -> None:
    at = learnt(durations).next_after(elapsed, kind, polls)
    assert math.isfinite(at)
    assert at >= elapsed + SHORTEST * (1 - 1e-6)
    assert at <= max([elapsed, *durations]) + max(LONGEST, OVERDUE * max([elapsed, *durations]))


@given(st.lists(SECONDS, max_size=REMEMBERED), SECONDS, KINDS)
def test_the_first_question_is_not_put_off_past_the_slowest(
    durations: list[float], elapsed: float, kind: str
) -> None:
    at = learnt(durations).next_after(elapsed, kind, 0)
    slowest = max([elapsed, *durations])
    assert elapsed <= at <= slowest + max(LONGEST, OVERDUE * slowest)


@settings(max_examples=25)
@given(st.floats(0, 3600), KINDS)
def test_an_unknown_model_is_asked_seldom_enough(duration: float, kind: str) -> None:
    at = asked(Pace(), kind, duration)
    # pauses are a quarter of the time waited, up to LONGEST
    assert len(at) <= 30 + duration / LONGEST
    assert at[-1] <= duration * (1 + OVERDUE) + PRIOR["video"] + 0.1


@settings(max_examples=25)
@given(st.lists(st.floats(1, 600), min_size=ENOUGH, max_size=REMEMBERED), st.integers(0, REMEMBERED))
def test_a_known_model_is_asked_a_few_times_at_most(durations: list[float], which: int) -> None:
    duration = durations[which % len(durations)]
    at = asked(learnt(durations), "video", duration)
    assert len(at) <= 40
    assert at[-1] <= duration * (1 + OVERDUE) + SHORTEST + 0.1 or at[-1] <= max(durations) + 1.0


@settings(max_examples=15)
@given(st.floats(0.1, 60), st.floats(1, 20))
def test_a_model_that_became_slow_is_still_found_ready(before: float, factor: float) -> None:
    pace = learnt([before] * REMEMBERED)
    duration = before * factor
    at = asked(pace, "image", duration)
    assert len(at) <= 60
    assert at[-1] - duration <= max(2 * SHORTEST, min(LONGEST, OVERDUE * duration)) + 0.1
    for _ in range(2 * REMEMBERED):
        pace.learn(0.0, duration, duration)
    assert len(asked(pace, "image", duration)) <= 6


def test_a_model_that_became_quick_is_asked_sooner_though_nothing_tells_its_duration() -> None:
    pace = learnt([20.0] * REMEMBERED)
    late = asked(pace, "image", 5.0)[-1] - 5.0
    for _ in range(5 * REMEMBERED):
        before, at = 0.0, asked(pace, "image", 5.0)
        for each in at[:-1]:
            pace.waited(before, each)
            before = each
        pace.learn(before, at[-1])
    assert asked(pace, "image", 5.0)[-1] - 5.0 < 1.0 < late


def test_a_model_that_answers_at_once_is_asked_at_once() -> None:
    assert Pace().next_after(0.0, "image", 0) == 0.0
    assert learnt([0.0] * ENOUGH).next_after(0.0, "image", 0) == 0.0
    unsure = Pace()
    for _ in range(ENOUGH):
        unsure.learn(0.0, 0.3)  # on a busy machine even the first answer takes a while to be seen
    assert unsure.next_after(0.0, "image", 0) == 0.0


@pytest.mark.parametrize("polls", [10_000, 10_000_000])
def test_a_prediction_that_takes_days_is_still_asked_for(polls: int) -> None:
    assert Pace().next_after(3 * DAY, "video", polls) == 3 * DAY + LONGEST


def test_the_typical_duration_is_the_median() -> None:
    assert Pace().typical() is None
    assert learnt([1.0] * (ENOUGH - 1)).typical() is None
    assert learnt([8.0, 9.0, 10.0, 11.0, 12.0] * 20).typical() == pytest.approx(10.0, rel=0.05)


def test_a_duration_is_taken_from_the_answer_where_it_can_be_true() -> None:
    pace = Pace()
    assert pace.learn(1.0, 3.0, 2.5) == 2.5
    assert pace.learn(1.0, 3.0, 0.5) == 2.0
    assert pace.learn(1.0, 3.0) == 2.0
    assert pace.learn(4.0, 3.0) == 3.0, "a clock that was set back"


@settings(max_examples=30)
@given(st.lists(SECONDS, max_size=50))
def test_what_was_learnt_can_be_kept(durations: list[float]) -> None:
    pace = learnt(durations)
    again = Pace.restored(json.loads(json.dumps(pace.as_json())))
    assert again.seen == pace.seen
    assert again.next_after(0.0, "image", 0) == pytest.approx(pace.next_after(0.0, "image", 0), rel=0.05, abs=0.05)


@given(st.floats(1, 2e9), st.floats(0, 3600))
def test_questions_that_are_due_about_together_are_put_together(at: float, pause: float) -> None:
    moment = together(at, pause)
    assert at <= moment <= at + pause / 32 + 1e-6
    if pause >= SHORTEST:
        assert together(moment, pause) == moment
