"""What stops spending: key, balance, budget, folder, pile, job table, pause, an API out of reach. Closed for all.

A gate has a code and a scope (a folder's name, or "" for all). The job that met the reason closes it; stages
that need it take up nothing while it is closed. Conditions are probed gently: one call at a time, the first
after 5 s, the pauses growing to 60 s; a pause and a pile end only when a person says so. Times are arguments.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from daemon.events import Events, GateClosed, GateOpened

FIRST_PROBE = 5.0
LONGEST_PROBE = 60.0
#: A gate that closes again so soon after it opened was not really open: its pauses go on growing.
RELAPSE = 120.0


class Need(StrEnum):
    """What a stage asks of the gates."""

    SPEND = "spend"  # uploads and submits: nothing billable while any gate is closed
    FETCH = "fetch"  # polls and downloads: what was paid is fetched while the API answers at all


_STOPS: dict[str, frozenset[Need]] = {
    "key": frozenset({Need.SPEND, Need.FETCH}),
    "unreachable": frozenset({Need.SPEND, Need.FETCH}),
    "balance": frozenset({Need.SPEND}),
    "budget": frozenset({Need.SPEND}),
    "pile": frozenset({Need.SPEND}),
    "folder": frozenset({Need.SPEND}),
    "table": frozenset({Need.SPEND}),
    "pause": frozenset({Need.SPEND}),
}
#: What only a person ends; all else is probed.
_BY_PERSON = frozenset({"pause", "pile"})


@dataclass(frozen=True, slots=True)
class Gate:
    """A closed gate: why and since when (seconds since the epoch), and when it is probed next (None: never)."""

    code: str
    scope: str
    reason: str
    since: float
    probe_at: float | None
    wait: float
    relapsed: bool = False  # opened before, and closed again so soon that it was not really open


class Gates:
    """All gates that are closed at present; `events` is told which close and open. Thread-safe."""

    def __init__(self, events: Events | None = None) -> None:
        self._events = events or Events()
        self._lock = threading.Lock()
        self._closed: dict[tuple[str, str], Gate] = {}
        self._opened: dict[tuple[str, str], tuple[float, Gate]] = {}

    def close(self, code: str, reason: str, *, now: float, scope: str = "") -> bool:
        """Close a gate; tell whether it was open until now (so that it is said once)."""
        key = (code, scope)
        with self._lock:
            if key in self._closed:
                self._closed[key] = replace(self._closed[key], reason=reason)
                return False
            opened_at, before = self._opened.pop(key, (-RELAPSE, None))
            gate = Gate(code, scope, reason, now, None, FIRST_PROBE)
            if before is not None and now - opened_at < RELAPSE:
                wait = min(LONGEST_PROBE, before.wait * 2)
                gate = replace(gate, since=before.since, wait=wait, relapsed=True)
            self._closed[key] = gate if code in _BY_PERSON else replace(gate, probe_at=now + gate.wait)
        self._events.publish(GateClosed(code, scope, reason, gate.relapsed))
        return True

    def open(self, code: str, scope: str = "", *, now: float) -> bool:
        """Open a gate; tell whether it was closed."""
        with self._lock:
            gate = self._closed.pop((code, scope), None)
            if gate is None:
                return False
            self._opened[code, scope] = (now, gate)
        self._events.publish(GateOpened(code, scope))
        return True

    def still_closed(self, probed: Gate, reason: str, *, now: float) -> None:
        """Note that a probe of `probed` found its reason unchanged; the next pause is longer.

        If a person asked for another probe meanwhile, that one stays due: it may find what this one could not yet.
        """
        key = (probed.code, probed.scope)
        with self._lock:
            gate = self._closed.get(key)
            if gate is not None and gate.probe_at == probed.probe_at:
                wait = min(LONGEST_PROBE, gate.wait * 2)
                self._closed[key] = replace(gate, reason=reason, wait=wait, probe_at=now + wait)

    def probe_now(self, now: float) -> None:
        """Make every probe due, with the pauses as at first: a person has changed something."""
        with self._lock:
            for key, gate in self._closed.items():
                if gate.probe_at is not None:
                    self._closed[key] = replace(gate, wait=FIRST_PROBE, probe_at=now, relapsed=False)

    def to_probe(self, now: float) -> list[Gate]:
        """Give the gates whose probe is due."""
        return [gate for gate in self.closed() if gate.probe_at is not None and gate.probe_at <= now]

    def next_probe(self) -> float | None:
        """Give the time of the earliest probe, or None."""
        return min((gate.probe_at for gate in self.closed() if gate.probe_at is not None), default=None)

    def relapsed(self, code: str, scope: str) -> bool:
        """Tell whether a gate is closed again so soon that there is nothing new to say about it."""
        with self._lock:
            gate = self._closed.get((code, scope))
            return gate is not None and gate.relapsed

    def closed(self) -> list[Gate]:
        """Give all closed gates, oldest first."""
        with self._lock:
            return sorted(self._closed.values(), key=lambda gate: gate.since)

    def is_closed(self, code: str, scope: str) -> bool:
        """Tell whether this very gate is closed."""
        with self._lock:
            return (code, scope) in self._closed

    def say_anew(self, code: str, scope: str, reason: str) -> None:
        """Put the reason of a gate into other words, if it is closed."""
        with self._lock:
            if (code, scope) in self._closed:
                self._closed[code, scope] = replace(self._closed[code, scope], reason=reason)

    def scope_of(self, code: str, folder: str) -> str:
        """Give the scope of the gate `code` that concerns a folder: the folder, or "" where it is one for all.

        Both kinds there are of budgets: then it is the one that is closed over all, if it is.
        """
        with self._lock:
            own = code in {"folder", "pile"} or (code == "budget" and (code, "") not in self._closed)
        return folder if own else ""

    def lets(self, need: Need, folders: Iterable[str]) -> list[str]:
        """Give those of `folders`, in their order, for which a stage with this need may take up work."""
        with self._lock:
            stopped = {scope for code, scope in self._closed if need in _STOPS[code]}
        return [] if "" in stopped else [folder for folder in folders if folder not in stopped]

    @staticmethod
    def stops(code: str, need: Need) -> bool:
        """Tell whether a stage with this need waits while a gate with this code is closed."""
        return need in _STOPS[code]

    def why_closed(self, need: Need, folder: str) -> str | None:
        """Say why a stage with this need can't go on in `folder`, or None if it can."""
        for gate in self.closed():
            if gate.scope in {"", folder} and need in _STOPS[gate.code]:
                return gate.reason
        return None
