"""The upload stage: fingerprint the source, find out whether it was paid for already, send it to the API."""

from collections.abc import Callable

from daemon.atlas.client import Client
from daemon.config import FolderRule
from daemon.errors import Rejected, SourceChanged
from daemon.media import inspect
from daemon.source import check_unchanged, read_through, reading
from daemon.stages.compose import Composed, compose, fingerprint
from daemon.stages.outcome import Outcome
from daemon.states import Job, State

#: Uploaded files are temporary ("use promptly", upload-files page); one is used for at most so many seconds.
UPLOAD_LIVES = 15 * 60.0
#: A twin that waits looks again after so many seconds, beside being woken when its original ends.
TWIN_LOOKS_AGAIN = 600.0

#: Notes what a job is (row, fingerprint, SHA-256) and gives the row and the job that stands for the same already.
SettleOriginal = Callable[[Job, str, str], tuple[Job, Job | None]]


def upload(
    job: Job, rule: FolderRule, *, client: Client, settle: SettleOriginal, now: Callable[[], float], keep: int
) -> tuple[Outcome, Composed]:
    """Bring the source of `job` to the API, or find that its result is there already; also give its request.

    A source of up to `keep` bytes is read once, and held until it is uploaded: what was hashed is what is sent.
    Raises StageError.
    """
    with reading(job) as descriptor:
        sha256, content = read_through(descriptor, keep=keep)
        check_unchanged(descriptor, job)
        composed = compose(job, rule, descriptor)
        mark = mark_of(job, rule, composed, sha256)
        job, twin = settled(job, rule, mark, sha256, settle=settle, now=now())
        if twin is None:
            twin = _send(job, rule, descriptor, content, client=client, now=now)
        return twin, composed


def mark_of(job: Job, rule: FolderRule, composed: Composed, sha256: str) -> str:
    """Give the fingerprint of `job`; one that is to be paid for in any case has one that is equal to no other."""
    mark = fingerprint(composed, rule, sha256)
    return f"{mark}/{job.id}" if rule.duplicates == "process" or job.pays_itself else mark


def settled(
    job: Job, rule: FolderRule, mark: str, sha256: str, *, settle: SettleOriginal, now: float
) -> tuple[Job, Outcome | None]:
    """Note the fingerprint `mark` and the SHA-256 of `job`; give the job, and the outcome if it is a twin."""
    job, original = settle(job, mark, sha256)
    if original is None:
        return job, None
    if original.state is State.DONE:
        # As if it had been submitted itself, but by its own folder's rule: that names the outbox.
        request = {**(original.request or {}), "rule": rule.frozen}
        changes = {"result_urls": (), "prediction_id": original.prediction_id, "request": request}
        reason = f"same file and rule as job {original.id}: its result is used, nothing is paid"
        return job, Outcome(State.DOWNLOADING, reason, changes)
    reason = f"waits for job {original.id}, the same file under the same rule ({original.state})"
    return job, Outcome(State.QUEUED, reason, {"due_at": now + TWIN_LOOKS_AGAIN, "waits_for": reason})


def _send(
    job: Job,
    rule: FolderRule,
    descriptor: int,
    content: bytes | None,
    *,
    client: Client,
    now: Callable[[], float],
) -> Outcome:
    # Where a submit is repeated, the tries of that are counted on.
    kept = {} if job.may_be_paid else {"attempts": 0}
    if not rule.takes_media:
        return Outcome(State.UPLOADED, "no upload needed", kept)
    if job.upload_url is not None and job.uploaded_at is not None and now() - job.uploaded_at < UPLOAD_LIVES:
        return Outcome(State.UPLOADED, "the upload is still good", kept)
    media = inspect(descriptor, job.size)
    if media is not None and media.whole is False:
        raise Rejected(
            "The file ends before its end: it was not copied whole. Put it back whole.", code="cut_short"
        )
    mime = "application/octet-stream" if media is None else media.mime
    sent = client.upload(descriptor, job.name, job.size, mime, content)
    if content is None and sent.sha256 != job.sha256:
        raise SourceChanged("the file was written to while it was uploaded")
    changes = {"upload_url": sent.url, "uploaded_at": now(), "request_id": sent.request_id, **kept}
    return Outcome(State.UPLOADED, "uploaded", changes)
