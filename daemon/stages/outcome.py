"""What a stage gives back: where its job goes, why, and what is to be written into its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.states import State


@dataclass(frozen=True, slots=True)
class Outcome:
    """`to` may be the job's present state: then the row is amended and no transition noted."""

    to: State
    reason: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def failed(code: str, message: str, resume: State, **changes: Any) -> Outcome:
    """Give the outcome of a job that can't succeed; `resume` is where a person's retry takes it up again."""
    values = {"error_code": code, "error_message": message, "resume": resume, **changes}
    return Outcome(State.FAILED, message, values)
