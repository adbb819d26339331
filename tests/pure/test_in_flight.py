"""Places among the predictions in flight: never more than the limit, however many threads ask."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.states import State
from daemon.work.in_flight import InFlight
from tests.made import made_rule

FOLDERS = ("cats", "dogs")


@given(
    st.integers(0, 6),
    st.none() | st.integers(1, 4),
    st.lists(
        st.tuples(st.sampled_from(["take", "give_back", "submit", "accepted", "over"]), st.sampled_from(FOLDERS))
    ),
)
def test_never_more_in_flight_than_there_are_places(
    limit: int, share: int | None, steps: list[tuple[str, str]]
) -> None:
    counts: Counter[tuple[str, State]] = Counter()
    rules = {name: made_rule(name, in_flight=share) for name in FOLDERS}
    places = InFlight(lambda: counts, lambda: limit)
    kept: Counter[str] = Counter()
    for step, folder in steps:
        flying = Counter(
            {name: counts[name, State.SUBMITTING] + counts[name, State.PROCESSING] for name in FOLDERS}
        )
        room = limit - flying.total() - kept.total()
        if share is not None:
            room = min(room, share - flying[folder] - kept[folder])
        assert places.room(rules[folder]) == room
        if step == "take":
            taken = places.take(rules[folder])
            assert taken is (room > 0)
            kept[folder] += taken
        elif step in {"give_back", "submit"} and kept[folder]:
            counts[folder, State.SUBMITTING] += step == "submit"
            places.give_back(folder)
            kept[folder] -= 1
        elif step == "accepted" and counts[folder, State.SUBMITTING]:
            counts[folder, State.SUBMITTING] -= 1
            counts[folder, State.PROCESSING] += 1
        elif step == "over" and counts[folder, State.PROCESSING]:
            counts[folder, State.PROCESSING] -= 1


def test_a_limit_that_was_lowered_is_kept_to() -> None:
    limit = 3
    places = InFlight(Counter, lambda: limit)
    assert [places.take(made_rule()) for _ in range(4)] == [True, True, True, False]
    limit = 1
    assert places.room(made_rule()) == -2
    places.give_back("cats")
    assert not places.take(made_rule())


@pytest.fixture
def busy_switching() -> Iterator[None]:
    """Have the interpreter change threads as often as it can, so that races show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_switching")
def test_many_threads_take_no_more_than_there_are() -> None:
    places = InFlight(Counter, lambda: 50)
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(places.take(made_rule()) for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50


@pytest.mark.usefixtures("busy_switching")
def test_counts_that_grow_meanwhile_do_no_harm() -> None:
    counts: Counter[tuple[str, State]] = Counter()
    places = InFlight(lambda: counts, lambda: 10)

    def grow() -> None:
        for number in range(20_000):
            counts[f"folder-{number % 500}", State.QUEUED] += 1
            if number % 500 == 499:
                counts.clear()

    thread = threading.Thread(target=grow)
    thread.start()
    while thread.is_alive():
        assert places.room(made_rule()) == 10
    thread.join()
