"""The submit stage, in two halves: prepare what will be sent; after that is committed as intent, send it once."""

from collections.abc import Callable

from daemon.atlas.client import Client
from daemon.config import FolderRule
from daemon.errors import OutcomeUnknown, Rejected
from daemon.results.outbox import check_room
from daemon.source import reading
from daemon.stages.compose import Composed, compose
from daemon.stages.outcome import Outcome
from daemon.stages.upload import UPLOAD_LIVES, SettleOriginal, mark_of, settled
from daemon.states import Job, State


def prepare(
    job: Job, rule: FolderRule, *, composed: Composed | None, settle: SettleOriginal, now: Callable[[], float]
) -> Outcome:
    """Put the request together as it will be sent, and freeze it with the rule. Sends nothing.

    `composed`: what the upload put together a moment ago, if it did; else the source and its sidecars are read.
    The outcome is SUBMITTING if all is ready. Raises StageError: Blocked where the outbox could not take a result.
    """
    if (
        job.state is State.SUBMITTING
    ):  # found, not made: whoever sent it died before it could write down the answer
        raise OutcomeUnknown(
            "The daemon ended while this was being sent. Nobody knows whether the service took it, so it is not "
            "sent again by itself."
        )
    check_room(rule)
    if composed is None:
        with reading(job) as descriptor:
            composed = compose(job, rule, descriptor)
    if rule.takes_media and (job.upload_url is None or now() - (job.uploaded_at or 0.0) > UPLOAD_LIVES):
        return Outcome(State.QUEUED, "the upload grew too old", {"upload_url": None, "due_at": now()})
    sha256 = job.sha256 or ""
    mark = mark_of(job, rule, composed, sha256)
    if mark != job.fingerprint or job.twin_of is not None:  # a sidecar came, or the rule changed
        job, twin = settled(job, rule, mark, sha256, settle=settle, now=now())
        if twin is not None:
            return twin
    request = {
        "kind": rule.kind,
        "body": composed.with_media(rule, job.upload_url),
        "rule": rule.frozen,
    }
    changes = {"request": request, "model": rule.model, "submitted_at": now(), "polls": 0, "prediction_id": None}
    return Outcome(State.SUBMITTING, "about to be sent", changes)


def send(job: Job, *, client: Client, now: Callable[[], float]) -> Outcome:
    """Send the request that was frozen with the intent, once. Raises StageError."""
    if job.request is None:
        raise Rejected("The request of this job is missing from its row.", code="internal")
    answer = client.submit(job.request["kind"], job.request["body"])
    changes = {
        "prediction_id": answer.prediction_id,
        "request_id": answer.request_id,
        "submitted_at": now(),
        "deadline_at": now() + job.request["rule"]["deadline_minutes"] * 60,
        "attempts": 0,
        "due_at": now(),
    }
    return Outcome(State.PROCESSING, f"accepted as prediction {answer.prediction_id}", changes)
