"""Questions and lateness that the rule comes to, on simulated and recorded durations; its docstring has them."""

import random
import statistics
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import NamedTuple

import pytest

from daemon.pace.durations import Pace, together

#: Seconds, as seen of an image model over an afternoon: mostly alike, a few slow ones, a slower hour at the end.
RECORDED = [6.1, 5.8, 6.4, 7.0, 5.9, 6.2, 14.8, 6.6, 6.0, 5.7, 6.3, 6.9, 6.1, 22.5, 6.2, 6.4, 5.8, 6.0, 7.4, 6.5]
RECORDED += [round(each * 1.6, 1) for each in RECORDED]


#: Seconds that it takes from the moment a question is due until it is asked.
LATER = 0.02


class Seen(NamedTuple):
    """Mean number of questions of a prediction; median and mean of the seconds that its result waited."""

    questions: float
    median: float
    mean: float


def one(pace: Pace, duration: float, begun: float, *, tells: bool, stretch: float = 1.0) -> tuple[int, float]:
    """Ask for one prediction until it is ready, learning as the poll stage does; give questions and lateness.

    `begun`: when it was submitted, in seconds since the epoch.
    """
    elapsed = last = 0.0
    questions = 0
    while True:
        due = pace.next_after(elapsed, "image", questions, stretch)
        elapsed = together(begun + due, due - elapsed) - begun + LATER
        questions += 1
        if elapsed >= duration:
            pace.learn(last, elapsed, duration if tells else None)
            return questions, elapsed - duration
        pace.waited(last, elapsed)
        last = elapsed


def seen(durations: Iterator[float], *, tells: bool, before: int = 300, count: int = 700) -> Seen:
    """Ask for predictions one after the other; the first ones, while the model becomes known, do not count."""
    pace, begun = Pace(), 1000.0
    all_of_them = []
    for duration in islice(durations, before + count):
        all_of_them.append(one(pace, duration, begun, tells=tells))
        begun += 1.37
    all_of_them = all_of_them[before:]
    late = [each for _, each in all_of_them]
    return Seen(statistics.mean(each for each, _ in all_of_them), statistics.median(late), statistics.mean(late))


def drawn(draw: Callable[[random.Random], float]) -> Iterator[float]:
    chance = random.Random(7)  # noqa: S311 - the same durations in every run
    while True:
        yield draw(chance)


#: What the docstring of daemon/pace/durations.py says, by its rows, with what is allowed above it for chance.
CASES: dict[str, tuple[Callable[[random.Random], float], Seen]] = {
    "4 s ± 25 %": (lambda chance: chance.uniform(3, 5), Seen(2.5, 0.20, 0.32)),
    "60 s to 120 s": (lambda chance: chance.uniform(60, 120), Seen(4.2, 4.2, 5.0)),
    "all 10 s": (lambda _: 10.0, Seen(1.3, 0.5, 0.5)),
    "two sorts": (
        lambda chance: chance.uniform(3, 5) if chance.random() < 0.9 else chance.uniform(50, 70),
        Seen(4.4, 0.35, 0.7),
    ),
    "without memory": (lambda chance: chance.expovariate(1 / 20), Seen(8.2, 1.8, 2.3)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("tells", [True, False])
def test_questions_and_lateness_are_as_promised(case: str, tells: bool) -> None:
    draw, most = CASES[case]
    found = seen(drawn(draw), tells=tells)
    room = 1.0 if tells else 1.25  # where the service does not tell the duration, it is known less well
    assert found.questions <= most.questions * room
    assert found.median <= most.median * room
    assert found.mean <= most.mean * room


@pytest.mark.parametrize("questions", [3.0, 2.25, 1.5])
def test_where_many_are_in_flight_fewer_questions_are_asked_at_the_right_times(questions: float) -> None:
    draw, _ = CASES["60 s to 120 s"]
    pace, durations = Pace(), drawn(draw)
    for duration in islice(durations, 300):
        one(pace, duration, 1000.0, tells=True)
    stretch = pace.stretch(questions / 90 / pace.rate())
    found = [one(pace, duration, 1000.0, tells=True, stretch=stretch) for duration in islice(durations, 700)]
    assert statistics.mean(each for each, _ in found) <= questions * 1.2  # the limit over all does the rest
    assert statistics.median(late for _, late in found) <= 15.0 / questions


def test_the_rate_is_that_of_the_questions() -> None:
    for case, seconds in (("4 s ± 25 %", 4), ("60 s to 120 s", 90), ("without memory", 20)):
        pace, durations = Pace(), drawn(CASES[case][0])
        found = [one(pace, duration, 1000.0, tells=True)[0] for duration in islice(durations, 1000)]
        assert pace.rate() == pytest.approx(statistics.mean(found[300:]) / seconds, rel=0.25)


def test_of_an_unknown_model_nothing_is_stretched() -> None:
    assert Pace().rate() == 0.0
    assert Pace().stretch(0.0001) == 1.0


def test_recorded_durations_are_followed_through_their_change() -> None:
    found = seen(cycle(RECORDED), tells=True, before=200, count=200)
    assert found.questions <= 4.5
    assert found.median <= 0.6


if __name__ == "__main__":
    for name, (draw, _) in CASES.items():
        for tells in (True, False):
            print(name, "told" if tells else "not told", seen(drawn(draw), tells=tells, count=3000))
