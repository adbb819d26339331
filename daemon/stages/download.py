"""The download stage: every output of a prediction into the outbox, checked, whole, under names that were free."""

import os
from collections.abc import Callable

from daemon.atlas.client import Client
from daemon.config import FolderRule
from daemon.errors import Transient, Withheld
from daemon.media import Kind, inspect
from daemon.results import outbox, provenance
from daemon.source import open_regular
from daemon.stages.outcome import Outcome
from daemon.states import Job, State

#: Pictures with more pixels than this are taken for bombs: some program would try to unpack them.
MOST_PIXELS = 1 << 30
_BLOCK = 1 << 20

#: Writes the bytes of one output with the function that it is given; gives whether its end was certain.
Fetch = Callable[[Callable[[bytes], object]], bool]


def download(
    job: Job,
    rule: FolderRule,
    *,
    client: Client,
    original: Job | None,
    limit: int,
    now: float,
    wall: Callable[[], float],
    lasts: Callable[[], None] = lambda: None,
) -> Outcome:
    """Bring the outputs of `job` into the outbox, from the API or, for a twin, from its original's results.

    `limit` is the largest output in bytes; `lasts` is called whenever some bytes came, and where a host has not
    answered for a moment.
    Raises StageError: Withheld(result_refused) for what is not let in.
    """
    if original is not None:
        if not original.outputs or not all(os.path.isfile(path) for path in original.outputs):
            reason = f"the result of job {original.id} is no longer there; its prediction is asked again"
            # As if it had been submitted with its original: the warm-up is long over, the deadline is new.
            times = {"submitted_at": original.submitted_at or 0.0, "deadline_at": now + rule.deadline_minutes * 60}
            return Outcome(State.PROCESSING, reason, times)
        fetches = [_copy(path) for path in original.outputs]
    else:
        fetches = [_fetch(job, client, number, url, limit, lasts) for number, url in enumerate(job.result_urls)]
    if not fetches:
        raise Withheld("There is no output to fetch for this job.", code="result_refused")
    directory = outbox.directory_for(job, rule)
    paths = tuple(
        _deliver(job, rule, directory, index, fetch, wall, lasts) for index, fetch in enumerate(fetches, 1)
    )
    return Outcome(State.DONE, f"{len(paths)} result(s) in the outbox", {"outputs": paths})


def _deliver(
    job: Job,
    rule: FolderRule,
    directory: str,
    index: int,
    fetch: Fetch,
    wall: Callable[[], float],
    lasts: Callable[[], None],
) -> str:
    found = outbox.published(job, directory, index, _extension)
    if found is not None:
        outbox.bring_to_disk(rule, directory)
        return found
    certain = True

    def fetched(take: Callable[[bytes], object]) -> None:
        nonlocal certain

        def taken(block: bytes) -> None:
            take(block)
            lasts()

        certain = fetch(taken)

    def extension(descriptor: int, size: int) -> str:
        return _checked(descriptor, size, certain=certain)

    draft = outbox.write_draft(job, rule, directory, index, fetched, extension)

    def record(name: str) -> str:
        return provenance.record(job, result=name, sha256=draft.sha256, size=draft.size, finished_at=wall())

    return outbox.publish(job, rule, draft, record if rule.provenance else None)


def _copy(path: str) -> Fetch:
    def fetch(take: Callable[[bytes], object]) -> bool:
        descriptor, _ = open_regular(path)
        try:
            while block := os.read(descriptor, _BLOCK):
                take(block)
        finally:
            os.close(descriptor)
        return True

    return fetch


def _fetch(job: Job, client: Client, number: int, url: str, limit: int, lasts: Callable[[], None]) -> Fetch:
    def fetch(take: Callable[[bytes], object]) -> bool:
        return client.download(_whole_url(job, client, number, url), take, limit, lasts).announced

    return fetch


def _whole_url(job: Job, client: Client, number: int, url: str) -> str:
    """Give the URL to fetch; an output within the answer is not kept in the table, so it is asked for again."""
    if url != "data:":
        return url
    outputs = client.prediction(job.prediction_id or "").outputs
    if number >= len(outputs):
        raise Transient("The prediction names fewer outputs than before.")
    return outputs[number]


def _checked(descriptor: int, size: int, *, certain: bool) -> str:
    """Give the extension for what was fetched; raises Withheld or Transient for what is not let in."""
    media = inspect(descriptor, size)
    if size == 0:
        raise Transient("The result came empty.")
    if media is None:
        if certain:
            return ".bin"
        raise Transient("The result came without a length and its format is not known, so it may be cut short.")
    if media.mime == "text/html":
        raise Transient("A web page came instead of a result.", code="result_refused")
    if media.whole is False:
        raise Transient("The result came cut short.")
    if (media.width or 0) * (media.height or 0) > MOST_PIXELS:
        raise Withheld(
            f"The result claims to be a picture of {media.width} by {media.height} pixels. That is refused, "
            "because opening it could bring a computer down.",
            code="result_refused",
        )
    if not certain and media.whole is None and media.kind is not Kind.TEXT:
        raise Transient("The result came without a length, so it may be cut short.")
    return f".{media.extension}"


def _extension(descriptor: int, size: int) -> str:
    media = inspect(descriptor, size)
    return ".bin" if media is None else f".{media.extension}"
