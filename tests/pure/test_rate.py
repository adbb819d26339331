"""No more calls start in a second than may."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas.rate import Rate


@given(st.integers(4, 500), st.lists(st.tuples(st.floats(0, 2), st.integers(0, 100)), min_size=1, max_size=100))
def test_no_more_start_than_may(per_second: int, wishes: list[tuple[float, int]]) -> None:
    rate, now, taken = Rate(per_second), 1000.0, 0
    for pause, wanted in wishes:
        now += pause
        given_ = rate.take(wanted, now)
        assert 0 <= given_ <= wanted
        taken += given_
        assert taken <= per_second * (now - 1000.0 + 0.25) + 1


def test_what_is_not_used_can_be_had_again() -> None:
    rate = Rate(8)
    assert rate.take(5, 0.0) == 2
    rate.give_back(1)
    assert rate.take(5, 0.0) == 1
    assert rate.take(5, 0.125) == 1
    assert rate.take(5, 100.0) == 2
