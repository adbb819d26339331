"""When a file is settled: the rules one by one, and what holds for every order of hints, changes and looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.inbox.settle import QUIET, Hint, Mark, Pace, Settling, Shape, Verdict

PACE = Pace(settle=2.0, patience=300.0)
PATH = "/in/cat.jpg"


def mark(version: int) -> Mark:
    return (7, 100 + version, version, version)


class File:
    """A file as the tests drive it: it is looked at whenever it is due, until something is decided."""

    def __init__(self, hint: Hint, shape: Shape, *, at: float = 0.0) -> None:
        self.settling = Settling()
        self.version = 0
        self.shape = shape
        self.settling.observe(PATH, mark(0), hint, at)

    def hint(self, hint: Hint, at: float) -> None:
        self.settling.observe(PATH, mark(self.version), hint, at)

    def decided(self, until: float = 10_000.0) -> tuple[float, Verdict] | None:
        """Look whenever due up to the time `until`; give when and how it was decided."""
        while (at := self.settling.next_at()) is not None and at <= until:
            assert self.settling.due(at, 10) == [PATH]
            verdict = self.settling.judge(PATH, mark(self.version), self.shape, PACE, at)
            if verdict is not Verdict.WAIT:
                return at, verdict
            following = self.settling.next_at()
            assert following is not None
            assert following > at, "it must not be due again at the same time for ever"
        return None


@pytest.mark.parametrize("hint", [Hint.CLOSED, Hint.MOVED])
@pytest.mark.parametrize("shape", [Shape.WHOLE, Shape.SILENT])
def test_what_was_closed_or_renamed_is_taken_at_once(hint: Hint, shape: Shape) -> None:
    assert File(hint, shape, at=5.0).decided() == (5.0, Verdict.TAKE)


@pytest.mark.parametrize("hint", [Hint.CREATED, Hint.SCANNED])
def test_what_only_appeared_is_taken_after_a_while_without_change(hint: Hint) -> None:
    assert File(hint, Shape.WHOLE).decided() == (QUIET, Verdict.TAKE)
    assert File(hint, Shape.SILENT).decided() == (PACE.settle, Verdict.TAKE)


@pytest.mark.parametrize("hint", list(Hint))
def test_what_ends_early_has_its_time_to_grow(hint: Hint) -> None:
    assert File(hint, Shape.SHORT).decided() == (PACE.patience, Verdict.GIVE_UP)


@pytest.mark.parametrize("hint", list(Hint))
def test_what_is_wrong_is_given_up_when_it_has_settled(hint: Hint) -> None:
    assert File(hint, Shape.WRONG).decided() == (PACE.settle, Verdict.GIVE_UP)


def test_a_change_begins_the_wait_anew() -> None:
    file = File(Hint.SCANNED, Shape.SILENT)
    assert file.decided(until=1.9) is None
    file.version += 1
    at, verdict = file.decided() or (0.0, Verdict.WAIT)
    assert verdict is Verdict.TAKE
    assert at >= 1.9 + PACE.settle


def test_growth_that_no_event_tells_is_noticed_by_looking() -> None:
    file = File(Hint.CREATED, Shape.SHORT)
    assert file.decided(until=100.0) is None
    file.version, file.shape = 1, Shape.WHOLE
    at, verdict = file.decided() or (0.0, Verdict.WAIT)
    assert verdict is Verdict.TAKE
    assert at <= 100.0 + 5.0 + QUIET


def test_a_close_after_a_short_look_is_looked_at_at_once() -> None:
    file = File(Hint.CLOSED, Shape.SHORT)
    assert file.decided(until=100.0) is None
    file.version, file.shape = 1, Shape.WHOLE
    file.hint(Hint.CLOSED, 100.0)
    assert file.decided() == (100.0, Verdict.TAKE)


def test_a_file_that_changes_after_its_close_is_not_taken_at_once() -> None:
    file = File(Hint.CLOSED, Shape.SILENT)
    file.version = 1
    assert file.decided() == (PACE.settle, Verdict.TAKE)


def test_a_scan_does_not_prolong_a_wait() -> None:
    file = File(Hint.CREATED, Shape.SHORT)
    for at in range(10, 300, 10):
        assert file.decided(until=float(at)) is None
        file.hint(Hint.SCANNED, float(at))
    assert file.decided() == (PACE.patience, Verdict.GIVE_UP)


def test_what_is_handed_out_is_not_handed_out_twice() -> None:
    settling = Settling()
    settling.observe(PATH, mark(0), Hint.CLOSED, 1.0)
    assert settling.fresh == 1
    assert settling.due(1.0, 5) == [PATH]
    assert settling.due(9.0, 5) == []
    settling.postpone(PATH, 12.0)
    assert settling.next_at() == 12.0
    settling.forget(PATH)
    assert (len(settling), settling.fresh, settling.next_at()) == (0, 0, None)
    assert settling.judge(PATH, mark(0), Shape.WHOLE, PACE, 1.0) is Verdict.WAIT


def test_many_are_handed_out_in_order_and_in_portions() -> None:
    settling = Settling()
    for number in range(10):
        settling.observe(f"/in/{number}", mark(0), Hint.CLOSED, float(number))
    assert settling.due(7.5, 3) == ["/in/0", "/in/1", "/in/2"]
    assert len(settling.due(7.5, 30)) == 5
    assert "/in/9" in settling


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", *Hint, "look"]),
        st.sampled_from(list(Shape)),
        st.floats(0, 20, allow_subnormal=False),
    ),
    max_size=40,
)


@given(st.sampled_from(list(Hint)), STEPS)
def test_a_file_is_never_decided_on_while_it_changes_and_always_in_the_end(
    first: Hint, steps: list[tuple[str, Shape, float]]
) -> None:
    file = File(first, Shape.SHORT)
    now = wrote_at = 0.0
    for what, shape, pause in steps:
        now += pause
        if what == "write":
            file.version, file.shape, wrote_at = file.version + 1, shape, now
        elif what != "look":
            file.hint(Hint(what), now)
        for path in file.settling.due(now, 5):
            verdict = file.settling.judge(path, mark(file.version), file.shape, PACE, now)
            if verdict is Verdict.WAIT:
                continue
            # decided: either its writer was seen to end, or it was seen unchanged long enough
            if what == "write":
                pytest.fail("decided on in the moment of a change")
            if verdict is Verdict.GIVE_UP:
                assert now - wrote_at >= PACE.settle
            return
    ended = file.decided(until=now + PACE.patience + 20)
    assert ended is not None
