"""Which jobs a page shows: its address says so, and can be kept, sent on and gone back to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from daemon.states import FINAL, State

#: Groups of states by the word that stands in the address, in the order in which they are shown.
GROUPS: Mapping[str, tuple[State, ...]] = {
    "waiting": (State.QUEUED,),
    "under-way": tuple(each for each in State if each not in FINAL | {State.QUEUED, State.HELD}),
    "held": (State.HELD,),
    "failed": (State.FAILED,),
    "done": (State.DONE,),
    "cancelled": (State.CANCELLED,),
}
TITLES: Mapping[str, str] = {
    "waiting": "Waiting",
    "under-way": "Under way",
    "held": "Held",
    "failed": "Failed",
    "done": "Done",
    "cancelled": "Cancelled",
}
_LARGEST = 2**63 - 1  # what a row's id can be


@dataclass(frozen=True, slots=True)
class Filter:
    """One folder or all (""), one group or state or all (""), and those before a job, or from the newest on."""

    folder: str = ""
    state: str = ""
    before: int | None = None

    @property
    def states(self) -> tuple[State, ...]:
        """Give the states that are shown."""
        if not self.state:
            return tuple(State)
        return GROUPS.get(self.state) or (State(self.state),)

    @property
    def narrow(self) -> bool:
        """Tell whether some jobs are left out."""
        return bool(self.folder or self.state)

    def fits(self, folder: str, state: State) -> bool:
        """Tell whether a job of this folder in this state is shown."""
        return self.folder in {"", folder} and state in self.states

    def address(self, path: str = "/", **changes: str | int | None) -> str:
        """Give the address of this filter with some of it changed; what is not named is from the newest job on."""
        other = replace(self, **{"before": None, **changes})  # type: ignore[arg-type]
        pairs = {"folder": other.folder, "state": other.state, "before": other.before}
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"{path}?{query}" if query else path


def read(asked: Mapping[str, str]) -> Filter:
    """Read a filter from an address' query; raises ValueError for what can't be one."""
    state, before = asked.get("state", ""), asked.get("before", "")
    if state and state not in GROUPS:
        State(state)
    return Filter(asked.get("folder", ""), state, number(before) if before else None)


def number(text: str) -> int:
    """Read a job's number; raises ValueError for what can't be one."""
    found = int(text)
    if not 0 < found <= _LARGEST:
        raise ValueError(f"{found} is no job's number")
    return found
