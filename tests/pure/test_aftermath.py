"""From errors to outcomes: every one legal, every job with a way on, and no submit that is repeated unasked."""

import errno
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from daemon import errors
from daemon.errors import StageError
from daemon.retry import MAX_ATTEMPTS, Again, CloseGate, Decision
from daemon.stages.outcome import Outcome
from daemon.states import Job, State, allowed
from daemon.work.aftermath import BACK, MOST_EXPIRED, MOST_RESUBMITS, internal, outcome_of, shortage_of
from tests.made import made_job, made_rule

NOW = 1_700_000_000.0
WORKING = st.sampled_from(list(BACK))
ERRORS = st.sampled_from(
    [
        errors.Transient("no"),
        errors.Transient("no", request_id="r1"),
        errors.Unreachable("no"),
        errors.RateLimited("no", after=30.0),
        errors.LocalTrouble("no"),
        errors.Rejected("no"),
        errors.Blocked("no", code="key"),
        errors.Blocked("no", code="folder"),
        errors.OutcomeUnknown("?"),
        errors.Withheld("no", code="deadline"),
        StageError("what?"),
    ]
)
CHANCE = st.floats(0, 1, exclude_max=True)


def after(job: Job, error: StageError, chance: float = 0.5, **rule: Any) -> tuple[Outcome, Decision]:
    return outcome_of(job, made_rule(**rule), error, now=NOW, chance=chance)


def of(state: State, **values: Any) -> Job:
    return made_job(state=state, prediction_id="p1" if state in {"processing", "downloading"} else None, **values)


@given(WORKING, ERRORS, st.integers(0, 20), CHANCE, st.sampled_from(["hold", "resubmit"]))
def test_every_outcome_is_legal_and_leaves_a_way_on(
    state: State, error: StageError, attempts: int, chance: float, unknown: str
) -> None:
    outcome, decision = after(of(state, attempts=attempts), error, chance, on_unknown_submit=unknown)
    assert outcome.to is state or allowed(state, outcome.to)
    again_unknown = isinstance(error, errors.OutcomeUnknown) and isinstance(decision, Again)
    words = outcome.reason if again_unknown else str(error)
    assert ("It is sent again" in words) == again_unknown
    assert outcome.reason == words
    assert outcome.changes.get("request_id") == error.request_id
    if outcome.to in {State.HELD, State.FAILED}:
        assert outcome.changes["error_code"]
        assert outcome.changes["error_message"] == str(error)
        assert allowed(outcome.to, outcome.changes["resume"])
        assert allowed(State.HELD, outcome.changes["resume"])
    else:
        assert outcome.changes["waits_for"] == words
        assert outcome.changes["due_at"] >= NOW
    if isinstance(decision, Again) and state is not State.PROCESSING:
        assert decision.attempts <= MAX_ATTEMPTS or not error.__dict__.get("counts", True)


@given(st.sampled_from([State.PROCESSING, State.DOWNLOADING]), ERRORS, st.integers(0, 20), CHANCE)
def test_what_was_paid_never_fails(state: State, error: StageError, attempts: int, chance: float) -> None:
    outcome, _ = after(of(state, attempts=attempts), error, chance)
    assert outcome.to in {state, State.PROCESSING, State.HELD}


@pytest.mark.parametrize("state", [State.UPLOADING, State.UPLOADED])
def test_a_source_that_changed_ends_its_job_and_is_left_alone(state: State) -> None:
    outcome, _ = after(of(state), errors.SourceChanged("new"))
    assert outcome.to is State.CANCELLED
    assert allowed(state, outcome.to)
    assert (outcome.changes["in_inbox"], outcome.changes["put_away"]) == (False, True)


def test_an_unknown_outcome_is_held_and_repeated_only_where_the_rule_says_so() -> None:
    error = errors.OutcomeUnknown("?")
    assert after(of(State.SUBMITTING), error)[0].to is State.HELD
    job, sent = of(State.SUBMITTING), 1
    while (outcome := after(job, error, on_unknown_submit="resubmit")[0]).to is not State.HELD:
        assert outcome.to is State.UPLOADED
        job, sent = of(State.SUBMITTING, attempts=outcome.changes["attempts"]), sent + 1
    assert sent == 1 + MOST_RESUBMITS
    assert outcome.changes["error_code"] == "unknown_submit"


def test_an_expired_upload_is_made_anew_once() -> None:
    error = errors.UploadExpired("gone")
    outcome, _ = after(of(State.SUBMITTING, upload_url="u"), error)
    assert outcome.to is State.QUEUED
    assert (outcome.changes["upload_url"], outcome.changes["reuploads"]) == (None, 1)
    assert outcome.changes["attempts"] == 0
    assert after(of(State.SUBMITTING, reuploads=1), error)[0].to is State.FAILED


def test_an_output_that_is_gone_is_asked_for_again_and_then_held() -> None:
    job, asked = of(State.DOWNLOADING), 1
    while (outcome := after(job, errors.OutputGone("gone"))[0]).to is State.PROCESSING:
        job, asked = of(State.DOWNLOADING, attempts=outcome.changes["attempts"]), asked + 1
    assert asked == MOST_EXPIRED
    assert (outcome.to, outcome.changes["error_code"]) == (State.HELD, "result_expired")


def test_a_poll_is_not_given_up_for_the_networks_sake() -> None:
    outcome, decision = after(of(State.PROCESSING, attempts=10 * MAX_ATTEMPTS), errors.Transient("no"))
    assert outcome.to is State.PROCESSING
    assert isinstance(decision, Again)


def test_a_job_that_meets_a_gate_uses_up_no_attempt() -> None:
    for error, to in ((errors.Unreachable("no"), State.UPLOADED), (errors.Blocked("no", code="key"), State.HELD)):
        outcome, decision = after(of(State.SUBMITTING, attempts=5), error)
        assert outcome.to is to
        assert isinstance(decision, CloseGate)
        assert "attempts" not in outcome.changes


@pytest.mark.parametrize("state", BACK)
def test_a_stumble_holds_the_job(state: State) -> None:
    outcome = internal(of(state))
    assert outcome.to is State.HELD
    assert outcome.changes["error_code"] == ("unknown_submit" if state is State.SUBMITTING else "internal")
    assert allowed(State.HELD, outcome.changes["resume"])


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error")), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (KeyError("x"), False),
    ],
)
def test_what_this_machine_is_short_of_is_no_fault_of_the_job(error: Exception, short: bool) -> None:
    found = shortage_of(error)
    assert isinstance(found, errors.LocalTrouble) if short else found is None


@pytest.mark.parametrize(
    "error", [errors.Transient("no"), errors.Blocked("no", code="folder"), errors.Withheld("no")]
)
def test_a_copy_never_asks_for_its_originals_prediction(error: StageError) -> None:
    job = of(State.DOWNLOADING, twin_of=3)
    outcome, _ = after(job, error)
    assert outcome.to is State.DOWNLOADING or outcome.changes["resume"] is State.QUEUED
    assert internal(job).changes["resume"] is State.QUEUED
    asked_itself = of(State.DOWNLOADING, twin_of=3, result_urls=("https://x/1",))
    assert internal(asked_itself).changes["resume"] is State.PROCESSING
