"""Grouping: nothing is lost, and few messages come of many events."""

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from daemon.notify.grouping import COLLECT, FIRST_PAUSE, LONGEST_PAUSE, REALLY_OPEN, GateTold, Grouping, Jobs, Part

#: (seconds since the last event, subject, folder)
JOBS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 9.0, 11.0, 200.0, 4000.0]),
        st.sampled_from(["failed", "held"]),
        st.sampled_from(["cats", "dogs"]),
    ),
    max_size=60,
)
#: (seconds since the last event, closes, scope)
GATES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 3.0, 50.0, 130.0, 400.0, 5000.0]), st.booleans(), st.sampled_from(["", "cats"])
    ),
    max_size=40,
)


def told_until(grouping: Grouping, until: float) -> list[tuple[float, list[Part]]]:
    """Take at each time at which there is something to take, up to `until`."""
    told = []
    while (at := grouping.next()) is not None and at <= until:
        parts = grouping.take(at)
        assert parts, "it said that something was due"
        told.append((at, parts))
    return told


@given(JOBS)
def test_every_job_is_in_exactly_one_message_and_messages_are_few(events: list[tuple[float, str, str]]) -> None:
    grouping, now, told = Grouping(), 1000.0, list[tuple[float, list[Part]]]()
    for pause, subject, folder in events:
        told += told_until(grouping, now + pause)
        now += pause
        grouping.job(subject, folder, f"{now}.jpg", "no picture", now)
    told += told_until(grouping, now + 2 * LONGEST_PAUSE)
    counts: Counter[tuple[str, str]] = Counter()
    times: dict[tuple[str, str], list[float]] = {}
    for at, parts in told:
        for part in parts:
            assert isinstance(part, Jobs)
            counts[part.subject, part.folder] += part.count
            times.setdefault((part.subject, part.folder), []).append(at)
    assert counts == Counter((subject, folder) for _, subject, folder in events)
    assert all(later - at >= FIRST_PAUSE for each in times.values() for at, later in itertools.pairwise(each))
    assert all(later - at >= COLLECT for (at, _), (later, _) in itertools.pairwise(told))


@given(GATES)
def test_what_people_believe_of_a_gate_becomes_true_and_is_told_once(
    events: list[tuple[float, bool, str]],
) -> None:
    grouping, now, told = Grouping(), 1000.0, list[tuple[float, list[Part]]]()
    truth: dict[str, bool] = {}
    for pause, closed, scope in events:
        told += told_until(grouping, now + pause)
        now += pause
        if truth.get(scope, False) is not closed:
            truth[scope] = closed
            grouping.gate("folder", scope, "is gone", now, closed=closed)
    told += told_until(grouping, now + 2 * LONGEST_PAUSE)
    believed: dict[str, bool] = {}
    for _, parts in told:
        for part in parts:
            assert isinstance(part, GateTold)
            assert believed.get(part.scope, False) is not part.closed, "told twice"
            believed[part.scope] = part.closed
    assert {scope for scope, closed in believed.items() if closed} == {
        scope for scope, closed in truth.items() if closed
    }


@given(JOBS, st.integers(0, 60))
def test_a_restart_loses_no_job(events: list[tuple[float, str, str]], after: int) -> None:
    grouping, now, told = Grouping(), 1000.0, list[tuple[float, list[Part]]]()
    for number, (pause, subject, folder) in enumerate(events):
        if number == after:
            dumped, grouping = grouping.dump(), Grouping()
            grouping.restore(dumped, now)
        told += told_until(grouping, now + pause)
        now += pause
        grouping.job(subject, folder, "a.jpg", "no picture", now)
    told += told_until(grouping, now + 2 * LONGEST_PAUSE)
    assert sum(part.count for _, parts in told for part in parts if isinstance(part, Jobs)) == len(events)


def test_a_pile_is_one_message_and_one_that_goes_on_is_told_ever_more_seldom() -> None:
    grouping, times, now = Grouping(), list[float](), 0.0
    while now < 6 * 3600:
        now += 1.0
        grouping.job("failed", "cats", f"{now:.0f}.jpg", "no picture", now)
        if grouping.take(now):
            times.append(now)
    assert times[0] == 1.0 + COLLECT
    pauses = [later - at for at, later in itertools.pairwise(times)]
    assert [round(pause, -2) for pause in pauses[:5]] == [300.0, 600.0, 1200.0, 2400.0, 3600.0]
    assert max(pauses) <= LONGEST_PAUSE + 1


def test_the_first_of_a_pile_is_named() -> None:
    grouping = Grouping()
    assert grouping.job("failed", "cats", "a.jpg", "too large", 0.0)
    assert not grouping.job("failed", "cats", "b.jpg", "no picture", 1.0)
    assert grouping.next() == COLLECT
    assert grouping.take(COLLECT) == [Jobs("failed", "cats", 2, "a.jpg", "too large")]
    assert grouping.next() is None


def test_after_a_long_calm_all_is_as_at_first() -> None:
    grouping = Grouping()
    for start in (0.0, 10_000.0):
        grouping.job("held", "cats", "a.jpg", "why", start)
        assert grouping.next() == start + COLLECT
        assert grouping.take(start + COLLECT)


def test_a_gate_that_opens_before_it_was_told_is_not_worth_a_message() -> None:
    grouping = Grouping()
    grouping.gate("folder", "cats", "is gone", 0.0, closed=True)
    grouping.gate("folder", "cats", "", 1.0, closed=False)
    assert grouping.next() is None


def test_a_gate_that_closes_again_at_once_was_not_open() -> None:
    grouping = Grouping()
    grouping.gate("key", "", "is refused", 0.0, closed=True)
    assert grouping.take(COLLECT) == [GateTold("key", "", "is refused", closed=True)]
    grouping.gate("key", "", "", 1000.0, closed=False)
    grouping.gate("key", "", "is refused still", 1005.0, closed=True)
    assert grouping.next() is None
    grouping.gate("key", "", "", 2000.0, closed=False)
    assert grouping.take(2000.0 + REALLY_OPEN) == [GateTold("key", "", "is refused still", closed=False)]


def test_a_network_that_comes_and_goes_is_not_told() -> None:
    grouping = Grouping()
    grouping.gate("unreachable", "", "no route", 0.0, closed=True)
    assert grouping.take(200.0) == []
    grouping.gate("unreachable", "", "", 250.0, closed=False)
    assert grouping.next() is None


def test_a_network_that_is_hardly_ever_there_is_told() -> None:
    grouping = Grouping()
    for minute in range(6):  # each probe finds it, and the next call does not
        grouping.gate("unreachable", "", "no route", 60.0 * minute, closed=True)
        if minute < 5:
            grouping.gate("unreachable", "", "", 60.0 * minute + 59.0, closed=False)
    assert grouping.take(301.0) == [GateTold("unreachable", "", "no route", closed=True)]


def test_a_clock_that_was_set_back_keeps_nothing_waiting_for_long() -> None:
    before = Grouping()
    for times in range(2):  # told once, and waiting to be told again
        before.job("failed", "cats", "a.jpg", "no picture", 1e9 + 20 * times)
        assert len(before.take(1e9 + COLLECT)) == (times == 0)
    after = Grouping()
    after.restore(before.dump(), 5000.0)
    assert after.take(5000.0 + LONGEST_PAUSE) == [Jobs("failed", "cats", 1, "a.jpg", "no picture")]


def test_a_restart_tells_no_closed_gate_twice_and_says_when_it_is_open() -> None:
    grouping = Grouping()
    for scope in ("cats", "dogs"):
        grouping.gate("folder", scope, "is gone", 0.0, closed=True)
    assert len(grouping.take(COLLECT)) == 2
    after = Grouping()
    after.restore(grouping.dump(), 5000.0)
    after.gate("folder", "dogs", "is gone", 5001.0, closed=True)
    assert after.take(9000.0) == [GateTold("folder", "cats", "is gone", closed=False)]
    assert after.next() is None
