"""What happens, told to whoever listens in this process: jobs that move, gates that close and open.

Those who tell are threads with a job in hand, so nothing here waits, raises, or costs anything worth naming while
nobody listens. A listener that has more to do than to note an event does it in a thread of its own.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from daemon.states import Job, Transition

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A transition that is on disk; `job` is the row after it, or after later ones written together with it."""

    job: Job
    transition: Transition


@dataclass(frozen=True, slots=True)
class GateClosed:
    """A gate was open and is closed. `relapsed`: it had opened so shortly before that it was not really open."""

    code: str
    scope: str  # a folder's name, or "" for all
    reason: str
    relapsed: bool


@dataclass(frozen=True, slots=True)
class GateOpened:
    """A gate was closed and is open."""

    code: str
    scope: str


@dataclass(frozen=True, slots=True)
class BalanceKnown:
    """The API told what is left to spend, in USD."""

    available_usd: float


Event = JobMoved | GateClosed | GateOpened | BalanceKnown
Listener = Callable[[Event], None]


class Events:
    """Where events are told, and who is told. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._failed: set[Listener] = set()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with each event from now on, in the thread that tells it; the result ends that.

        It must return at once. What it raises is logged the first time, and goes no further.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)
                self._failed.discard(listener)

        return unsubscribe

    @property
    def heard(self) -> bool:
        """Tell whether anybody listens: else an event need not even be made."""
        return bool(self._listeners)

    def publish(self, event: Event) -> None:
        """Tell every listener; never raises."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                if listener not in self._failed:  # once: the next event will not fare better
                    self._failed.add(listener)
                    log.exception("a listener failed at an event; the work goes on")
