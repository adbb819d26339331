"""States of a job, the legal transitions between them, and the frozen Job that everyone passes around.

::

    queued → uploading → uploaded → submitting → processing → downloading → done
       ↑         │           ↑          │ not accepted  ↑            │
       └─────────┘           └──────────┘               └────────────┘  try again, ask again
    any but the final ones → held → where it stood      (a condition ends, or a person decides)
    any but the final ones → failed · cancelled         failed, cancelled → where it stood (a person: retry)
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job stands; each member's remark says what it means and what moves the job on."""

    QUEUED = "queued"  # recorded; a free upload thread takes it
    UPLOADING = "uploading"  # claimed for its upload; a killed one is simply taken again
    UPLOADED = "uploaded"  # the API has the file (or none is needed); a free place among those in flight takes it
    SUBMITTING = "submitting"  # the intent: committed before the POST, so a row found here has an unknown outcome
    PROCESSING = "processing"  # accepted and paid; asked again whenever `due_at` has come
    DOWNLOADING = "downloading"  # outputs are known; a free download thread takes it
    DONE = "done"  # results are safe in the outbox; the source is put away after this is on disk
    FAILED = "failed"  # can't succeed; the source and an error file lie in failed/
    HELD = "held"  # waits for a person or a condition, named by `error_code`; `resume` says where it stood
    CANCELLED = "cancelled"  # dropped by a person, or its source vanished before it was uploaded


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})

#: States in which a prediction of this job may be running at the API and counts as in flight.
IN_FLIGHT = frozenset({State.SUBMITTING, State.PROCESSING})

_S = State
_ENDS = {_S.HELD, _S.FAILED, _S.CANCELLED}
#: From which state a row may go to which. `table/rows.py` puts the left side into the UPDATE's WHERE.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    _S.QUEUED: frozenset({_S.UPLOADING} | _ENDS),
    # back to queued: try again; straight to downloading: a twin's result is reused
    _S.UPLOADING: frozenset({_S.QUEUED, _S.UPLOADED, _S.DOWNLOADING} | _ENDS),
    # back to queued: the upload grew too old, or the source is to be uploaded anew
    _S.UPLOADED: frozenset({_S.SUBMITTING, _S.QUEUED, _S.DOWNLOADING} | _ENDS),
    # back to uploaded or queued only when it is proven that nothing was accepted
    _S.SUBMITTING: frozenset({_S.PROCESSING, _S.UPLOADED, _S.QUEUED, _S.HELD, _S.FAILED}),
    _S.PROCESSING: frozenset({_S.DOWNLOADING} | _ENDS),
    # back to processing: the prediction is asked again for fresh URLs; to queued: the twin's result is gone
    _S.DOWNLOADING: frozenset({_S.DONE, _S.PROCESSING, _S.QUEUED} | _ENDS),
    _S.HELD: frozenset({_S.QUEUED, _S.UPLOADED, _S.PROCESSING, _S.FAILED, _S.CANCELLED}),
    _S.FAILED: frozenset({_S.QUEUED, _S.UPLOADED, _S.PROCESSING}),
    _S.CANCELLED: frozenset({_S.QUEUED, _S.UPLOADED, _S.PROCESSING}),
    _S.DONE: frozenset(),
}

#: Codes of held jobs that a condition ends, without a person: the gate of that name opens.
CONDITIONS = frozenset({"key", "balance", "budget", "folder", "table"})


def allowed(before: State, after: State) -> bool:
    """Tell whether a row may go from `before` to `after`."""
    return after in TRANSITIONS[before]


@dataclass(frozen=True, slots=True)
class NewJob:
    """What intake knows of a settled file; `Store.add` makes a row of it.

    `source` is an absolute path whose bytes survive as surrogate escapes (PEP 383), `identity` is
    `inode:size:mtime_ns`, `after` overrides the rule's own (`leave`: never touch the source; used by `try`).
    With a fault (a code, and a message in plain words) the job is failed from the start.
    """

    folder: str
    source: str
    identity: str
    size: int
    model: str
    after: str | None = None
    in_inbox: bool = True
    fault_code: str | None = None
    fault_message: str | None = None


@dataclass(frozen=True)  # without slots, for `having`
class Job:
    """One row of the job table as it was read or written; never changed, only replaced.

    Paths are absolute, as text with surrogate escapes; times are seconds since the epoch.
    """

    id: int
    folder: str
    state: State
    source: str  # where it was dropped
    lies_at: str | None  # where the source is now: in the inbox, done/, failed/; None: it is gone
    identity: str  # inode:size:mtime_ns when it was recorded
    size: int
    model: str
    version: int  # grows by one with each write of the row: the guard of every UPDATE
    created_at: float
    updated_at: float
    in_inbox: bool = True  # the source still lies where it was dropped, so scans know it
    put_away: bool = False  # after a final state: the source and the temporary files are dealt with
    after: str | None = None
    sha256: str | None = None  # of the source
    fingerprint: str | None = None  # of bytes, model, prompt and params: equal ones are paid for once
    twin_of: int | None = None  # the job whose result this one waits for or got
    request: Mapping[str, Any] | None = None  # frozen with the intent: call, body, rule
    upload_url: str | None = None
    uploaded_at: float | None = None
    prediction_id: str | None = None
    request_id: str | None = None  # the API's X-Request-ID of the last call that mattered
    submitted_at: float | None = None
    polled_at: float | None = None  # when the prediction was last found not ready
    deadline_at: float | None = None  # a prediction that is not over by then is held
    result_urls: tuple[str, ...] = ()  # `data:` outputs are noted as "data:" and asked for again
    outputs: tuple[str, ...] = ()  # paths of the results
    attempts: int = 0  # failed tries of the present step that count
    reuploads: int = 0
    pays_itself: bool = False  # a person said so: no other job's result stands for this one
    due_at: float = 0.0  # not to be worked on before this time
    claimed_by: str | None = None  # the daemon instance that has it in hand
    resume: State | None = None  # where a held, failed or cancelled job goes on
    error_code: str | None = None
    error_message: str | None = None
    waits_for: str | None = None  # in words, while a row is not being worked on for a reason of its own
    predict_seconds: float | None = None  # how long the prediction took, as far as it is known
    polls: int = 0
    spent_at: float | None = None  # by the wall clock, when it was sent to be paid for; None: nothing was accepted
    estimate_usd: float | None = None  # frozen with the intent: the least that it costs, if that was known
    cost_usd: float | None = None  # what the API says that it cost
    finished_at: float | None = None

    @property
    def final(self) -> bool:
        """Tell whether the job has ended."""
        return self.state in FINAL

    @property
    def may_be_paid(self) -> bool:
        """Tell whether a submit of it was sent of which nobody knows what became.

        Whatever proves that nothing was accepted clears `spent_at`; a person who pays again clears `submitted_at`.
        """
        return self.prediction_id is None and self.spent_at is not None and self.submitted_at is not None

    @property
    def name(self) -> str:
        """The source's file name."""
        return self.source.rpartition("/")[2]

    def having(self, **changes: Any) -> "Job":
        """Give this job with other values in some columns; a job changes about ten times on its way.

        What dataclasses.replace would do, without going through all columns twice. Raises TypeError for a column
        that there is not.
        """
        if not changes.keys() <= _COLUMNS:
            raise TypeError(f"a job has no {', '.join(changes.keys() - _COLUMNS)}")
        changed = object.__new__(Job)
        changed.__dict__.update(self.__dict__, **changes)
        return changed


_COLUMNS = frozenset(each.name for each in fields(Job))


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of a job's history: when it went from which state to which, and why."""

    job_id: int
    at: float
    before: State | None
    after: State
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """A transition that a job makes, or has made and that is not in the table yet."""

    to: State
    reason: str
    at: float
