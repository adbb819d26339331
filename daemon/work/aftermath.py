"""From the error that ended a step to the outcome that is recorded. Pure: time and chance are arguments."""

import errno
import sys
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon.config import FolderRule
from daemon.errors import (
    LocalTrouble,
    OutcomeUnknown,
    OutputGone,
    SourceGone,
    SourceTrouble,
    StageError,
    Transient,
    UploadExpired,
)
from daemon.retry import MAX_ATTEMPTS, Again, Cancel, CloseGate, Decision, Fail, Hold, decide, pause
from daemon.source import SHORTAGE
from daemon.stages.outcome import Outcome, failed
from daemon.states import Job, State

#: Where a job goes that is to try its step again: back before the claim or the intent, or stays.
BACK = {
    State.QUEUED: State.QUEUED,
    State.UPLOADING: State.QUEUED,
    State.UPLOADED: State.UPLOADED,
    State.SUBMITTING: State.UPLOADED,
    State.PROCESSING: State.PROCESSING,
    State.DOWNLOADING: State.PROCESSING,
}
_SHORTAGE = SHORTAGE | {errno.ENOSPC, errno.EDQUOT}
#: Failed tries, whatever their reasons, after which a URL that is gone makes the result an expired one.
MOST_EXPIRED = 6
#: Submits of one job that are repeated under `on_unknown_submit = "resubmit"`.
MOST_RESUBMITS = 3
_AGAIN_UNKNOWN = (
    "Nobody knows whether the service took the request. It is sent again, as the folder's on_unknown_submit says."
)


def way_back(job: Job) -> State:
    """Give the state from which the present step of `job` is tried again.

    A copy that takes its original's result from the disk never asked for a prediction: it looks for the original
    again.
    """
    if job.state is State.DOWNLOADING and job.twin_of is not None and not job.result_urls:
        return State.QUEUED
    return BACK[job.state]


def outcome_of(
    job: Job, rule: FolderRule, error: StageError, *, now: float, chance: float
) -> tuple[Outcome, Decision]:
    """Say where `job` goes after `error`; the decision tells whether a gate is to be closed."""
    decision = _decision(job, rule, error, now=now, chance=chance)
    back = way_back(job)
    message = _message(error, decision)
    changes: dict[str, Any] = {} if error.request_id is None else {"request_id": error.request_id}
    if job.state is State.SUBMITTING and not isinstance(error, OutcomeUnknown):
        changes |= {"spent_at": None, "estimate_usd": None}  # certainly not accepted, so nothing is paid
    match decision:
        case Again(at, attempts):
            changes |= {"attempts": attempts, "due_at": at, "waits_for": message}
            if isinstance(error, UploadExpired):
                changes |= {"upload_url": None, "reuploads": job.reuploads + 1}
                back = State.QUEUED
            if job.state is State.DOWNLOADING and isinstance(error, Transient):
                back = (
                    job.state
                )  # its URLs are still good; asking for new ones would make others' trouble the API's
            return Outcome(back, message, changes), decision
        case CloseGate("unreachable"):
            return Outcome(back, message, {**changes, "due_at": now, "waits_for": message}), decision
        case CloseGate(code) | Hold(code):
            changes |= {"resume": back, "error_code": code, "error_message": message}
            return Outcome(State.HELD, message, changes), decision
        case Fail(code):
            return failed(code, message, back, **changes), decision
        case Cancel(code):
            changes |= {"error_code": code, "error_message": message, "resume": State.QUEUED}
            if job.in_inbox or isinstance(error, SourceGone):
                # Nothing is left to put away: the file is gone, or is another one by now, a job of its own.
                changes |= {"in_inbox": False, "put_away": True, "lies_at": None}
            return Outcome(State.CANCELLED, message, changes), decision


def _message(error: StageError, decision: Decision) -> str:
    if isinstance(error, OutcomeUnknown) and isinstance(decision, Again):
        return _AGAIN_UNKNOWN  # its own words say that it is not
    return str(error)


def _decision(job: Job, rule: FolderRule, error: StageError, *, now: float, chance: float) -> Decision:
    paid = job.state in {State.PROCESSING, State.DOWNLOADING}
    match error:
        case UploadExpired():
            return Fail(error.code) if job.reuploads else Again(now, job.attempts)
        case OutputGone() if job.attempts + 1 >= MOST_EXPIRED:
            return Hold("result_expired")
        case OutputGone():
            return Again(now + pause(job.attempts + 1, chance), job.attempts + 1)
        case OutcomeUnknown() if rule.on_unknown_submit == "resubmit" and job.attempts < MOST_RESUBMITS:
            return Again(now + pause(job.attempts + 1, chance), job.attempts + 1)
        case SourceTrouble() if paid:
            return Hold("internal")
    # A poll is never given up for the network's sake: the job's deadline ends it.
    most = sys.maxsize if job.state is State.PROCESSING else MAX_ATTEMPTS
    return decide(error, attempts=job.attempts, paid=paid, now=now, chance=chance, most=most)


def internal(job: Job) -> Outcome:
    """Give the outcome of a job in which the daemon itself stumbled: held, with the traceback in the log."""
    if job.state is State.SUBMITTING:
        message = "The daemon stumbled while this was being sent, so nobody knows whether the service took it."
        code = OutcomeUnknown.code
    else:
        message = "The daemon stumbled over this job; its log has the details. hotfolder retry tries it again."
        code = "internal"
    return Outcome(State.HELD, message, {"resume": way_back(job), "error_code": code, "error_message": message})


def shortage_of(error: Exception) -> StageError | None:
    """Give the error that an unforeseen one amounts to if this machine is short of something, else None."""
    if isinstance(error, DBAPIError):
        return LocalTrouble(f"the job table can't be written: {error.orig}")
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORTAGE):
        return LocalTrouble(f"this machine is short of resources: {error}")
    return None
