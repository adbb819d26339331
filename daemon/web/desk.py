"""What the page asks of the running daemon: reading, actions and words, and nothing else of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock
from daemon.config import Settings
from daemon.events import Events
from daemon.gates.gate import Gate
from daemon.people.actions import Actions
from daemon.table.queries import Queries
from daemon.web.tally import Tally


@dataclass(frozen=True, slots=True)
class Desk:
    """The daemon as the page sees it; each of them may be asked from any thread."""

    clock: Clock
    events: Events
    queries: Queries
    actions: Actions
    settings: Callable[[], Settings]  # the configuration in force
    status: Callable[[], dict[str, Any]]  # what `hotfolder status --json` prints
    silences: Callable[[], Mapping[str, float]]  # by loop, seconds without any progress with work that it has
    gates: Callable[[], list[Gate]]  # that are closed
    calls: Callable[[], Mapping[tuple[str, str], int]]  # how many ended how, by call and outcome
    tally: Tally
    usual: Callable[[str], float | None]  # seconds that a model's predictions usually take, where that is known
