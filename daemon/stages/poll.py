"""The poll stage: ask once for a prediction, and say what that means for its job."""

import math
from typing import Any

from daemon.atlas.client import Client
from daemon.atlas.wire import Phase, Prediction
from daemon.config import FolderRule
from daemon.errors import PredictionUnready, Transient, Unreachable, Withheld
from daemon.pace.durations import Pace, together
from daemon.stages.outcome import Outcome, failed
from daemon.states import Job, State

#: After a submit the API may not know its prediction for up to 30 s (predictions page); we wait twice that.
WARM_UP = 60.0
#: The API's number for what its content moderation refused (errors page).
MODERATED = 1039


def poll(job: Job, rule: FolderRule, *, client: Client, pace: Pace, now: float, stretch: float) -> Outcome:
    """Ask for the prediction of `job`; an outcome that stays in PROCESSING says when to ask again.

    What the answer tells of how long the model takes is taken in by `pace`. `stretch`: see `Pace.stretch`.

    Raises StageError: Withheld(prediction_lost | deadline) where a person must decide.
    """
    if job.prediction_id is None:
        raise Withheld("The prediction's id is missing from the job's row.", code="prediction_lost")
    # Without its times it would be new at every poll, and polled for ever.
    elapsed = math.inf if job.submitted_at is None else now - job.submitted_at
    overdue = job.submitted_at is None or job.deadline_at is None or now > job.deadline_at
    try:
        answer = client.prediction(job.prediction_id)
    except Transient as error:
        if overdue and not isinstance(error, Unreachable):
            raise _deadline(job, "out of reach", error.request_id) from error
        raise
    except PredictionUnready as error:
        if elapsed < WARM_UP:
            return _later(job, rule, pace, now, stretch)
        raise Withheld(
            f"The service no longer knows prediction {job.prediction_id}. It was accepted, so it may have been "
            "paid: nothing is sent again by itself.",
            code="prediction_lost",
            request_id=error.request_id,
        ) from error
    match answer.status:
        case Phase.SUCCEEDED:
            return _succeeded(job, answer, pace, elapsed)
        case Phase.FAILED:
            return _failed(job, answer)
    if overdue:
        raise _deadline(job, answer.raw_status, answer.request_id)
    return _later(job, rule, pace, now, stretch)


def _deadline(job: Job, status: str, request_id: str | None) -> Withheld:
    return Withheld(
        f"Prediction {job.prediction_id} is still {status} at the job's deadline. It is not forgotten: "
        "hotfolder retry asks for it again.",
        code="deadline",
        request_id=request_id,
    )


def _later(job: Job, rule: FolderRule, pace: Pace, now: float, stretch: float) -> Outcome:
    # Not later than now: a clock that was set back would have it wait for as long as it is behind.
    submitted_at = now if job.submitted_at is None else min(job.submitted_at, now)
    polls = job.polls + 1
    pace.waited(_last_no(job, submitted_at), now - submitted_at)
    due_at = submitted_at + pace.next_after(now - submitted_at, rule.kind, polls, stretch)
    due_at = together(due_at, due_at - now)
    return Outcome(
        State.PROCESSING, "not ready yet", {"polls": polls, "due_at": due_at, "polled_at": now, "attempts": 0}
    )


def _last_no(job: Job, submitted_at: float) -> float:
    """Give the seconds after the submit at which the last answer came that it was not ready."""
    return max(0.0, (job.polled_at or submitted_at) - submitted_at)


def _succeeded(job: Job, answer: Prediction, pace: Pace, elapsed: float) -> Outcome:
    if not answer.outputs:
        raise Withheld(
            f"Prediction {answer.id} succeeded but names no output.",
            code="result_refused",
            request_id=answer.request_id,
        )
    changes: dict[str, Any] = {
        # Outputs within the answer may be megabytes; they are asked for again when they are fetched.
        "result_urls": tuple("data:" if url.startswith("data:") else url for url in answer.outputs),
        "predict_seconds": _duration(job, answer, pace, elapsed),
        "polls": job.polls + 1,
        "request_id": answer.request_id,
    }
    if answer.cost is not None and job.spent_at is not None:  # a copy costs nothing
        changes["cost_usd"] = answer.cost
    return Outcome(State.DOWNLOADING, f"ready, {len(answer.outputs)} output(s)", changes)


def _duration(job: Job, answer: Prediction, pace: Pace, elapsed: float) -> float | None:
    """Give how long the prediction took, as far as that is known, and have `pace` learn it.

    What the API says counts only where it lies between our last "not ready" and our "ready".
    """
    if job.submitted_at is None or job.twin_of is not None:  # a copy waited for nothing: it was made long ago
        return None
    return pace.learn(_last_no(job, job.submitted_at), max(0.0, elapsed), answer.predict_seconds)


def _failed(job: Job, answer: Prediction) -> Outcome:
    # What was reserved for a task goes back to the balance when it fails (page on refunds), unless it says else.
    cost = None if job.spent_at is None else answer.cost or 0.0
    words = answer.error or f"the service gave no reason (status {answer.raw_status})"
    if answer.error_code == MODERATED:
        message = (
            f"The service's content moderation refused this file or prompt: {words}. Change the file or the "
            "prompt; the same one will be refused again."
        )
        code = "moderated"
    else:
        number = "" if answer.error_code is None else f" (error {answer.error_code})"
        message = f"The service could not make a result: {words}{number}. To try it anew may cost again."
        code = "prediction_failed"
    return failed(code, message, State.QUEUED, request_id=answer.request_id, cost_usd=cost)
