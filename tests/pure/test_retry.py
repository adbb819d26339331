"""What follows from an error: pauses within their bounds, an end to trying, and no paid job that fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import errors
from daemon.errors import StageError, Transient
from daemon.retry import (
    LONGEST_ASKED_PAUSE,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    UNCOUNTED_PAUSE,
    Again,
    Cancel,
    CloseGate,
    Fail,
    Hold,
    decide,
    pause,
)

CHANCE = st.floats(0, 1, exclude_max=True)
ATTEMPTS = st.integers(0, 10_000)
AFTER = st.none() | st.floats(allow_nan=True, allow_infinity=True)
NOW = 1_700_000_000.0
TRANSIENTS = (Transient, errors.RateLimited, errors.LocalTrouble)


def decided(error: StageError, *, attempts: int = 0, paid: bool = False, chance: float = 0.5) -> object:
    return decide(error, attempts=attempts, paid=paid, now=NOW, chance=chance)


@given(ATTEMPTS, CHANCE)
def test_a_pause_lies_in_the_upper_half_of_its_ceiling(attempts: int, chance: float) -> None:
    ceiling = min(LONGEST_PAUSE, 2.0 ** min(max(attempts - 1, 0), 60))
    assert ceiling / 2 <= pause(attempts, chance) <= ceiling


@given(ATTEMPTS, ATTEMPTS, CHANCE)
def test_pauses_never_shrink_as_failures_go_on(some: int, more: int, chance: float) -> None:
    some, more = sorted((some, more))
    assert pause(some, chance) <= pause(more, chance) <= LONGEST_PAUSE


@given(st.sampled_from(TRANSIENTS), ATTEMPTS, st.booleans(), CHANCE, AFTER)
def test_what_is_tried_again_is_tried_later_and_not_for_ever(
    kind: type[Transient], attempts: int, paid: bool, chance: float, after: float | None
) -> None:
    decision = decided(kind("no", after=after), attempts=attempts, paid=paid, chance=chance)
    if isinstance(decision, Again):
        assert NOW < decision.at <= NOW + max(LONGEST_PAUSE, UNCOUNTED_PAUSE, LONGEST_ASKED_PAUSE)
        assert decision.attempts == attempts + kind.counts < MAX_ATTEMPTS
        if after is not None and after <= LONGEST_ASKED_PAUSE:
            assert decision.at >= NOW + after
    else:
        assert attempts + kind.counts >= MAX_ATTEMPTS
        assert decision == (Hold("result_refused") if paid else Fail(kind.code))


def test_a_failing_step_ends_after_its_attempts() -> None:
    attempts, tries = 0, 1
    while isinstance(again := decided(Transient("no"), attempts=attempts), Again):
        attempts, tries = again.attempts, tries + 1
    assert tries == MAX_ATTEMPTS
    assert again == Fail("transient")


@pytest.mark.parametrize("kind", [errors.RateLimited, errors.LocalTrouble])
def test_what_is_not_the_jobs_fault_uses_up_no_attempt(kind: type[Transient]) -> None:
    again = decided(kind("no"), attempts=3)
    assert isinstance(again, Again)
    assert again.attempts == 3


@pytest.mark.parametrize(
    ("error", "unpaid", "paid"),
    [
        (errors.Unreachable("no"), CloseGate("unreachable"), CloseGate("unreachable")),
        (errors.Blocked("no", code="key"), CloseGate("key"), CloseGate("key")),
        (errors.Rejected("no", code="too_large"), Fail("too_large"), Hold("result_refused")),
        (errors.OutcomeUnknown("?"), Hold("unknown_submit"), Hold("unknown_submit")),
        (errors.Withheld("no", code="deadline"), Hold("deadline"), Hold("deadline")),
        (errors.SourceGone("gone"), Cancel("source_gone"), Cancel("source_gone")),
        (errors.SourceChanged("new"), Cancel("source_changed"), Cancel("source_changed")),
        (StageError("what?"), Hold("internal"), Hold("internal")),
    ],
)
def test_decisions(error: StageError, unpaid: object, paid: object) -> None:
    assert decided(error, attempts=100) == unpaid
    assert decided(error, attempts=100, paid=True) == paid
