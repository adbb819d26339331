"""A job that a thread has in hand: its row, and what has come of it since that is not in the table yet.

A step is followed by the next one in the same thread where both are quick. What the first one did is then written
together with what the second one does, if a kill in between costs nothing but the first step: one transaction for
two transitions, each with its own time in the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.stages.compose import Composed
from daemon.states import Job, Move, State

#: What may stay unwritten for a moment. Behind both lies only what can be done again for nothing: the upload, or
#: the question for a prediction whose id is on disk.
MAY_WAIT = frozenset({State.UPLOADED, State.DOWNLOADING})


@dataclass(slots=True)
class Hand:
    """One claimed job: `row` is what the table has, `job` what it is by now; `moves`, `unsaved`: the way between.

    `keeps_place`: a place among those in flight is kept for it, which has to be given back.
    `composed`: its request, if that was put together a moment ago.
    """

    row: Job
    job: Job = field(init=False)
    moves: list[Move] = field(init=False, default_factory=list)
    unsaved: dict[str, Any] = field(init=False, default_factory=dict)
    keeps_place: bool = False
    composed: Composed | None = None

    def __post_init__(self) -> None:
        """Begin with nothing unwritten."""
        self.job = self.row

    def note(self, changes: Mapping[str, Any]) -> None:
        """Change columns; they are written with whatever is written next."""
        self.unsaved |= changes
        self.job = self.job.having(**changes)

    def move(self, to: State, reason: str, at: float, changes: Mapping[str, Any]) -> None:
        """Make a transition that is written with the next one; `at` in seconds since the epoch."""
        self.moves.append(Move(to, reason, at))
        self.job = self.job.having(state=to, **changes)
        self.unsaved |= changes

    def written(self, row: Job) -> Job:
        """Take note that all of it is in the table, and that the row now is `row`; give that."""
        self.row = self.job = row
        self.moves, self.unsaved = [], {}
        return row

    def settled(self, row: Job) -> None:
        """Take note of a write beside what is unwritten: for which bytes and request the row stands."""
        self.row = row
        self.job = self.job.having(
            version=row.version,
            sha256=row.sha256,
            fingerprint=row.fingerprint,
            twin_of=row.twin_of,
        )
        for name in ("sha256", "fingerprint", "twin_of"):
            self.unsaved.pop(name, None)
