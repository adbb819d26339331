"""The watchdog's rule: threads with something to do hang when none of them has got on, for reasons unexplained."""

import threading
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import signs

TIMES = st.floats(0, 1e9)


@pytest.mark.parametrize(
    ("now", "wanted_since", "at", "seconds"),
    [
        (100.0, 10.0, [40.0, 70.0], 30.0),  # the last sign of any of them counts
        (100.0, 90.0, [40.0, 70.0], 10.0),  # before there was work, silence said nothing
        (100.0, 10.0, [40.0, 160.0], 0.0),  # one is explained until later
        (200.0, 10.0, [40.0, 160.0], 40.0),  # and that is over
        (100.0, 100.0, [0.0], 0.0),
    ],
)
def test_silence_begins_with_the_last_thing_that_explains_it(
    now: float, wanted_since: float, at: list[float], seconds: float
) -> None:
    assert signs.silence(now, wanted_since, at) == seconds


@given(TIMES, TIMES, st.lists(TIMES, min_size=1), TIMES)
def test_a_further_sign_never_makes_it_longer(now: float, since: float, at: list[float], more: float) -> None:
    assert 0.0 <= signs.silence(now, since, [*at, more]) <= signs.silence(now, since, at)


def test_signs_go_to_the_thread_that_they_come_from() -> None:
    mine, others = signs.Sign(), signs.Sign()
    mine.at = others.at = 0.0

    def work() -> None:
        signs.adopt(others)
        signs.silent_until(monotonic() + 1000.0)

    signs.beat()  # this thread has adopted none
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert mine.at == 0.0
    assert others.at > monotonic()
