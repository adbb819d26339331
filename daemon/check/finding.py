"""One thing that `check` found: how bad it is, about which key, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.config.words import shown


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"  # as it should be; said so that a person sees what was looked at
    WARNING = "warning"  # works, but not as one may expect, or could not be looked at
    FAULT = "fault"  # does not work; `check` exits 2


@dataclass(frozen=True, slots=True)
class Finding:
    """`key` is the configuration's (`folders.cats.inbox`) or names a part (`system`); `message` is for people."""

    level: Level
    key: str
    message: str


def ok(key: str, message: str) -> Finding:
    """Make a finding that all is well."""
    return Finding(Level.OK, shown(key), shown(message))


def warning(key: str, message: str) -> Finding:
    """Make a finding that a person should know."""
    return Finding(Level.WARNING, shown(key), shown(message))


def fault(key: str, message: str) -> Finding:
    """Make a finding that stops work."""
    return Finding(Level.FAULT, shown(key), shown(message))
