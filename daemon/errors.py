"""The tree of errors: what went wrong, in classes that say what follows from it.

::

    HotfolderError                    its text is a sentence for people
    ├── ConfigError                   the configuration can't be used; all faults at once (exit 2)
    ├── Refused                       a command that can't be carried out as asked (exit 2)
    │   └── PartlyRefused             … for some of several jobs (exit 1)
    ├── Conflict                      another hand has moved the row meanwhile; the step is dropped
    └── StageError                    what ended a step of a job; carries a `code`
        ├── Transient                 may pass by itself; tried again later
        │   ├── Unreachable           no connection was ever made: proves that nothing was sent
        │   ├── RateLimited           429 or 503: fewer at once, later
        │   └── LocalTrouble          this machine is short of files, memory: no fault of the job
        ├── Rejected                  no use trying again: the job fails
        ├── Blocked                   a gate closes: key, balance, budget, folder, table; no job fails for it
        ├── OutcomeUnknown            a submit was sent and nobody knows whether it counts: held
        ├── Withheld                  paid or possibly so, and not to be had now: held for a person
        ├── UploadExpired             the submit says that the upload's URL is gone (not paid)
        ├── PredictionUnready         the prediction is not known yet: patience, then `prediction_lost`
        ├── OutputGone                an output's URL answers that it is gone: ask the prediction again
        └── SourceTrouble             the source is not what was recorded
            ├── SourceGone            it vanished before it was uploaded: the job is cancelled
            └── SourceChanged         it was replaced while waiting: the job is cancelled, the new file is its own

Library errors become these at one border each: `atlas/border.py` for HTTP, `results/outbox.py` and `inbox/`
for files.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class HotfolderError(Exception):
    """Base of all errors that the project raises on purpose; `str()` gives a sentence for people."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration: where (`folders.cats.inbox`), what, and what would be right."""

    key: str
    wrong: str
    right: str

    def __str__(self) -> str:
        """Give `key: what is wrong; what would be right`, on one line."""
        return f"{self.key}: {self.wrong}; {self.right}" if self.right else f"{self.key}: {self.wrong}"


class ConfigError(HotfolderError):
    """The configuration can't be used. `faults` holds every one of its faults, `path` the file (or None)."""

    def __init__(self, faults: list[Fault], path: str | None = None) -> None:
        self.faults = tuple(faults)
        self.path = path
        super().__init__("\n".join(str(fault) for fault in faults))


class Occupied(ConfigError):
    """Another daemon works on this state directory (exit 1): one that is dying may hold it for a while yet."""


class Refused(HotfolderError):
    """A command that can't be carried out as asked; the text says why and what can be done."""


class PartlyRefused(Refused):
    """Of several jobs some were dealt with and others refused; the text has a line for each (exit 1)."""

    def __init__(self, done: Iterable[str], refused: Iterable[str]) -> None:
        self.done = tuple(done)
        self.refused = tuple(refused)
        super().__init__("\n".join([*self.done, *self.refused]))


class Conflict(HotfolderError):
    """The row is no longer as it was read: a person or another daemon has moved it."""


class StageError(HotfolderError):
    """What ended a step of a job. `code` goes into the row, `request_id` is the API's, for its support."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.request_id = request_id


class Transient(StageError):
    """May pass by itself. `after`: seconds the other side asked us to wait, or None."""

    code = "transient"
    #: Whether a try counts against the job; an outage does not.
    counts = True

    def __init__(
        self,
        message: str,
        *,
        after: float | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.after = after


class Unreachable(Transient):
    """DNS, refused, no route, TLS handshake: no connection was made, so nothing can have been accepted."""

    code = "unreachable"
    counts = False


class RateLimited(Transient):
    """429, or 503 (temporarily unavailable): certainly not accepted (atlas-cloud errors page)."""

    code = "rate_limited"
    counts = False


class LocalTrouble(Transient):
    """EMFILE, ENFILE, ENOMEM and their like on this machine."""

    code = "local_trouble"
    counts = False


class Rejected(StageError):
    """The file, the rule or the API says no for good; the text says what a person can do."""

    code = "rejected"


class Blocked(StageError):
    """Something outside the job stops all of its kind; `code` is the gate: key, balance, budget, folder, table.

    `scope`: the folder whose budget it is, "" for that over all; None where the code tells the scope.
    """

    code = "blocked"

    def __init__(
        self, message: str, *, code: str | None = None, request_id: str | None = None, scope: str | None = None
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.scope = scope


class OutcomeUnknown(StageError):
    """A submit was sent and its answer never came or can't be read: it may have been charged."""

    code = "unknown_submit"


class Withheld(StageError):
    """Held for a person; `code` is `deadline`, `prediction_lost`, `result_refused` or `result_expired`."""

    code = "withheld"


class UploadExpired(StageError):
    """The submit was refused because the uploaded file's URL is gone; nothing was charged."""

    code = "upload_expired"


class PredictionUnready(StageError):
    """400 or 404 for a prediction: usual for up to 30 s after its submit (atlas-cloud predictions page)."""

    code = "prediction_unready"


class OutputGone(StageError):
    """An output's URL answers that it is gone (signed URLs expire); the prediction can give new ones."""

    code = "output_gone"


class SourceTrouble(StageError):
    """The source is not what was recorded when the job was made."""

    code = "source"


class SourceGone(SourceTrouble):
    """The source vanished before it was uploaded."""

    code = "source_gone"


class SourceChanged(SourceTrouble):
    """The source was replaced or written to after it was recorded."""

    code = "source_changed"
