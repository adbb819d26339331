"""What a card says of a job: from its row, its model's usual pace, and the state of the whole. Pure."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.money.amounts import at_least, dollars
from daemon.names import shown
from daemon.people.advice import advice, why_it_waits
from daemon.people.status import job_fields
from daemon.states import FINAL, Job, State
from daemon.web.words import MEANING, sentence

#: By extension, how a file is shown. What it really is decides when it is asked for (`media.py`).
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff"})
_VIDEOS = frozenset({".mp4", ".m4v", ".mov", ".webm"})
_SOUNDS = frozenset({".mp3", ".wav", ".m4a", ".flac", ".ogg", ".opus", ".aac"})
#: Characters of a prompt that a card shows.
_PROMPT = 280


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of a job, by where it is served: `kind` is image, video, audio, text or file."""

    kind: str
    name: str
    address: str = ""  # none where the file is gone
    small: str = ""  # of a picture, a small one
    text: str = ""  # of a text, what it says


@dataclass(frozen=True, slots=True)
class Progress:
    """Since when (seconds since the epoch) the service works on a job, and how long that usually takes."""

    since: float
    elapsed: float
    usual: float | None

    @property
    def overdue(self) -> bool:
        """Tell whether it takes notably longer than usual."""
        return self.usual is not None and self.elapsed > self.usual * 1.5 + 2


@dataclass(frozen=True, slots=True)
class Card:
    """A job as the page shows it."""

    job: Job
    name: str
    source: Medium
    outputs: tuple[Medium, ...]
    says: str  # what it is doing, waits for, or why it ended so
    todo: str  # what a person can do about it
    prompt: str
    progress: Progress | None
    deeds: "Deeds"
    fields: Mapping[str, Any] = field(repr=False)  # as `jobs --json` gives them

    @property
    def label(self) -> str:
        """The state as it is called everywhere, with a capital."""
        return str(self.job.state).capitalize()

    @property
    def cost(self) -> str:
        """What it cost or will cost at least, in words; "" where nothing is known."""
        if self.job.cost_usd is not None:
            return dollars(self.job.cost_usd)
        return at_least(self.job.estimate_usd) if self.job.estimate_usd else ""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a person may do to a job now."""

    retry: bool = False
    pay_again: bool = False  # a retry may say so
    only_pay_again: bool = False  # a retry must say so
    attach: bool = False
    cancel: bool = False
    forget_paid: bool = False  # a cancel must say so

    @property
    def any(self) -> bool:
        """Tell whether there is anything to be done."""
        return self.retry or self.attach or self.cancel


def deeds_of(job: Job) -> Deeds:
    """Say what may be done to a job; `Actions` has the last word."""
    unknown = job.error_code == "unknown_submit" or job.may_be_paid
    paid = unknown or job.prediction_id is not None
    stopped = job.state in {State.FAILED, State.HELD, State.CANCELLED}
    return Deeds(
        retry=stopped,
        pay_again=stopped and paid,
        only_pay_again=stopped and (unknown or (job.state is State.FAILED and job.prediction_id is not None)),
        attach=job.state is State.HELD and job.error_code in {"unknown_submit", "prediction_lost"},
        cancel=job.state not in FINAL and job.state is not State.SUBMITTING,
        forget_paid=paid,
    )


def card_of(job: Job, status: Mapping[str, Any], usual: Callable[[str], float | None], now: float) -> Card:
    """Make the card of a job; `status` is the whole daemon's, `usual` gives a model's usual seconds."""
    fields = job_fields(job)
    code = job.error_code
    prompt = _prompt(job)
    return Card(
        job=job,
        name=shown(job.name),
        source=_source(job, prompt),
        outputs=tuple(_output(job, number, path) for number, path in enumerate(job.outputs)),
        says=sentence(job.error_message or why_it_waits(fields, status) or MEANING[job.state]),
        todo=sentence(advice(job.id, str(job.state), code, job.prediction_id) or ""),
        prompt=prompt,
        progress=_progress(job, usual, now),
        deeds=deeds_of(job),
        fields=fields,
    )


def kind_of(path: str) -> str:
    """Say by a file's extension how it may be shown."""
    extension = os.path.splitext(path)[1].lower()
    for kind, extensions in (("image", _IMAGES), ("video", _VIDEOS), ("audio", _SOUNDS), ("text", {".txt"})):
        if extension in extensions:
            return kind
    return "file"


def _source(job: Job, prompt: str) -> Medium:
    kind, name = kind_of(job.source), shown(job.name)
    if kind == "text":
        return Medium(kind, name, text=prompt[:_PROMPT] + ("…" if len(prompt) > _PROMPT else ""))
    if job.lies_at is None:
        return Medium(kind, name)
    mark = job.identity.replace(":", "-")
    return _medium(kind, name, f"/jobs/{job.id}/source", mark)


def _output(job: Job, number: int, path: str) -> Medium:
    return _medium(
        kind_of(path), shown(os.path.basename(path)), f"/jobs/{job.id}/outputs/{number}", str(job.version)
    )


def _medium(kind: str, name: str, address: str, mark: str) -> Medium:
    """Give a file's addresses; `mark` changes with its content, so that browsers may keep what they fetched."""
    return Medium(kind, name, f"{address}?v={mark}", f"{address}/small?v={mark}" if kind == "image" else "")


def _prompt(job: Job) -> str:
    body = (job.request or {}).get("body", {})
    prompt = body.get("prompt") if isinstance(body, Mapping) else None
    return prompt if isinstance(prompt, str) else ""


def _progress(job: Job, usual: Callable[[str], float | None], now: float) -> Progress | None:
    if job.state is not State.PROCESSING or job.submitted_at is None:
        return None
    return Progress(job.submitted_at, max(0.0, now - job.submitted_at), usual(job.model))
