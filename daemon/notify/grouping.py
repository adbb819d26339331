"""What people are told, and when: many events in, few messages out. Pure: times are arguments.

Jobs that end alike in one folder are a pile. Its first job waits a moment for companions; after a message the
next one about that pile comes 5 minutes later at the earliest, then 10, 20 … up to an hour while it goes on. Every
job is counted in exactly one message. A gate is told when it closed and when it is open again; one that opens
before it was told is not worth a message, and one that closes again at once was not open.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Seconds for which the first job of a pile waits for others, and the least time between two messages of any kind.
COLLECT = 10.0
#: Seconds between two messages about one pile or gate: at first, and when it goes on and on.
FIRST_PAUSE = 300.0
LONGEST_PAUSE = 3600.0
#: Seconds for which a gate must have been open: before, it may have opened only for a try.
REALLY_OPEN = 120.0
#: Seconds for which a gate must have been closed; networks come and go.
_REALLY_CLOSED = {"unreachable": 300.0}


@dataclass(frozen=True, slots=True)
class Jobs:
    """So many jobs of a folder ended alike (`subject`: failed, held); of the first one its name and why."""

    subject: str
    folder: str
    count: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GateTold:
    """A gate (code, and scope: a folder or "" for all) is closed, for `reason`, or open again."""

    code: str
    scope: str
    reason: str
    closed: bool


Part = Jobs | GateTold


@dataclass(slots=True)
class _Pile:
    count: int = 0
    name: str = ""
    why: str = ""
    due_at: float = 0.0
    free_at: float = 0.0
    pause: float = FIRST_PAUSE


@dataclass(slots=True)
class _Gate:
    closed: bool = False
    told: bool = False  # what people were told last
    reason: str = ""
    opened_at: float | None = None
    due_at: float = 0.0
    free_at: float = 0.0
    pause: float = FIRST_PAUSE


class Grouping:
    """Collects, and gives what is to be told together. Not thread-safe; times are seconds that never jump."""

    def __init__(self) -> None:
        self._piles: dict[tuple[str, str], _Pile] = {}
        self._gates: dict[tuple[str, str], _Gate] = {}
        self._free_at = 0.0

    def job(self, subject: str, folder: str, name: str, why: str, now: float) -> bool:
        """Take in a job; tell whether it is the first of its pile that waits to be told."""
        pile = self._piles.setdefault((subject, folder), _Pile())
        pile.count += 1
        if pile.count > 1:
            return False
        pile.name, pile.why = name, why
        pile.due_at = _due(pile, now, COLLECT)
        return True

    def gate(self, code: str, scope: str, reason: str, now: float, *, closed: bool) -> None:
        """Take in that a gate closed or opened."""
        gate = self._gates.setdefault((code, scope), _Gate())
        gate.closed = closed
        if closed:
            gate.reason = reason
            relapsed = gate.opened_at is not None and now - gate.opened_at < REALLY_OPEN
            if not relapsed:  # else it counts as closed all the time, and is due as before
                gate.due_at = _due(gate, now, _REALLY_CLOSED.get(code, COLLECT))
        else:
            gate.opened_at = now
            if gate.told:
                gate.due_at = _due(gate, now, REALLY_OPEN)

    def next(self) -> float | None:
        """Give the time at which something is to be told, or None."""
        times = [pile.due_at for pile in self._piles.values() if pile.count]
        times += [gate.due_at for gate in self._gates.values() if gate.closed != gate.told]
        return max(min(times), self._free_at) if times else None

    def take(self, now: float, *, all_of_it: bool = False) -> list[Part]:
        """Give what is due at `now`, to be told in one message; with `all_of_it` what waits besides."""
        if now < self._free_at and not all_of_it:
            return []
        due = float("inf") if all_of_it else now
        parts: list[Part] = []
        for (code, scope), gate in self._gates.items():
            if gate.closed != gate.told and gate.due_at <= due:
                parts.append(GateTold(code, scope, gate.reason, gate.closed))
                gate.told = gate.closed
                _told(gate, now)
        for (subject, folder), pile in self._piles.items():
            if pile.count and pile.due_at <= due:
                parts.append(Jobs(subject, folder, pile.count, pile.name, pile.why))
                pile.count = 0
                _told(pile, now)
        if parts:
            self._free_at = now + COLLECT
        return parts

    def dump(self) -> dict[str, Any]:
        """Give what waits, and of which gates people believe that they are closed, as JSON takes it."""
        piles = [[*key, asdict(pile)] for key, pile in self._piles.items() if pile.count]
        gates = [[*key, asdict(gate)] for key, gate in self._gates.items() if gate.told]
        return {"piles": piles, "gates": gates}

    def restore(self, dumped: Mapping[str, Any], now: float) -> None:
        """Take up what an earlier process left. Its gates count as open; those that are not will close again.

        That process may have had a clock that was ahead: no pause goes on for longer than the longest.
        """
        for subject, folder, values in dumped.get("piles", ()):
            pile = self._piles[subject, folder] = _Pile(**values)
            pile.due_at = min(pile.due_at, now + LONGEST_PAUSE)
            pile.free_at = min(pile.free_at, now + LONGEST_PAUSE)
        for code, scope, values in dumped.get("gates", ()):
            gate = self._gates[code, scope] = _Gate(**{**values, "closed": False, "opened_at": None})
            gate.due_at = now + REALLY_OPEN
            gate.free_at = min(gate.free_at, now + LONGEST_PAUSE)


def _due(group: _Pile | _Gate, now: float, grace: float) -> float:
    """Say when a group that has something to tell since `now` may; after a long calm all is as at first."""
    if now > group.free_at + group.pause:
        group.pause = FIRST_PAUSE
    return max(now + grace, group.free_at)


def _told(group: _Pile | _Gate, now: float) -> None:
    group.free_at = now + group.pause
    group.pause = min(LONGEST_PAUSE, group.pause * 2)
