"""What is learnt of waits that end: by bins, with those that have not ended yet, and the latest counting most."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.pace.hazard import BINS, FIRST, RATIO, REMEMBERED, Hazard, bin_of, start_of

SECONDS = st.floats(0, 100_000)


def ended(hazard: Hazard, by: float) -> float:
    """Give the share that ends by so many seconds, as far as was learnt; bins count whole."""
    left = 1.0
    for number in range(bin_of(by) + 1):
        left *= 1 - hazard.chance(number)
    return 1 - left


@given(SECONDS)
def test_every_time_has_its_bin(seconds: float) -> None:
    number = bin_of(seconds)
    assert 0 <= number < BINS
    assert start_of(number) <= seconds * (1 + 1e-9)
    assert number == BINS - 1 or seconds <= start_of(number + 1) * (1 + 1e-9)


def test_bins_grow_by_their_ratio() -> None:
    assert start_of(0) == 0.0
    assert start_of(1) == FIRST
    assert start_of(41) / start_of(40) == pytest.approx(RATIO)


@settings(max_examples=50)
@given(st.lists(st.tuples(SECONDS, SECONDS, st.booleans()), max_size=60))
def test_a_chance_is_never_nought_nor_one(lessons: list[tuple[float, float, bool]]) -> None:
    hazard = Hazard()
    for one, other, known in lessons:
        after, by = sorted((one, other))
        hazard.waited(0.0, after)
        if known:
            hazard.ended_at(after, by)
        else:
            hazard.ended(after, by)
    assert all(0 < hazard.chance(number) < 1 for number in range(BINS))
    again = Hazard.restored(json.loads(json.dumps(hazard.as_json())))
    for number in range(BINS):
        assert again.chance(number) == pytest.approx(hazard.chance(number), abs=0.02)


def test_who_began_together_does_not_look_shorter_for_ending_first() -> None:
    hazard = Hazard()
    for number in range(100):  # 1 s to 100 s, all begun at once: seen after 50 s
        if number < 50:
            hazard.ended_at(0.0, 1.0 + number)
        else:
            hazard.waited(0.0, 50.0)
    assert ended(hazard, 25.0) == pytest.approx(0.25, abs=0.05)
    assert ended(hazard, 49.0) == pytest.approx(0.5, abs=0.05)


def test_the_last_of_many_that_began_together_hide_nothing_of_the_first() -> None:
    hazard, chance = Hazard(), random.Random(3)  # noqa: S311 - the same durations in every run
    left = [chance.uniform(60, 120) for _ in range(5000)]
    before = 0.0
    for asked in (60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0):  # of all that are left, one after the other
        for duration in left:
            if duration <= asked:
                hazard.ended_at(before, duration)
            else:
                hazard.waited(before, asked)
        before, left = asked, [duration for duration in left if duration > asked]
    assert ended(hazard, 75.0) == pytest.approx(0.25, abs=0.2)
    assert ended(hazard, 100.0) == pytest.approx(2 / 3, abs=0.2)


def test_an_end_at_an_unknown_time_counts_where_ends_are_likely() -> None:
    hazard = Hazard()
    for _ in range(50):
        hazard.ended_at(0.0, 10.0)
    for _ in range(50):
        hazard.ended(0.0, 11.0)
    assert ended(hazard, 9.0) < 0.1
    assert ended(hazard, 11.0) > 0.9


def test_ends_that_come_sooner_than_they_can_be_seen_are_looked_for_sooner() -> None:
    hazard = Hazard()
    for _ in range(100):
        hazard.ended_at(0.0, 20.0)
    before = ended(hazard, 10.0)
    for _ in range(3 * REMEMBERED):
        hazard.ended(0.0, 15.0)
    assert before < 0.2 < ended(hazard, 15.0)


def test_a_change_is_followed() -> None:
    hazard = Hazard()
    for _ in range(1000):
        hazard.ended_at(0.0, 5.0)
    for _ in range(2 * REMEMBERED):
        hazard.ended_at(0.0, 8.0)
    assert ended(hazard, 6.0) < 0.3
    assert ended(hazard, 8.5) > 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"first": 1.0, "ratio": RATIO, "bins": {}},
        {"first": FIRST, "ratio": RATIO, "bins": {"1": [1, 2]}},
        {"first": FIRST, "ratio": RATIO, "bins": {"1": 1}},
        {"first": FIRST, "ratio": RATIO, "bins": {"9999": [1, 1]}},
        {"first": FIRST, "ratio": RATIO, "bins": {"x": [1, 1]}},
        {"first": FIRST, "ratio": RATIO, "bins": {"1": ["a", "b"]}},
    ],
)
def test_what_was_never_written_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        Hazard.restored(wrong)
