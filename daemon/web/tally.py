"""Counts what happens, for machines that ask: jobs that ended, how long stages took, what the balance is."""

import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from daemon.events import BalanceKnown, Event, Events, JobMoved
from daemon.states import Job, State, Transition

#: Upper ends of the histograms' buckets, in seconds; the last one is followed by what took longer.
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
#: The stage that is over with a transition.
_STAGE = {
    (State.UPLOADING, State.UPLOADED): "upload",
    (State.SUBMITTING, State.PROCESSING): "submit",
    (State.PROCESSING, State.DOWNLOADING): "predict",
    (State.DOWNLOADING, State.DONE): "download",
}
_TIMED = frozenset(before for before, _ in _STAGE)
_ENDS = frozenset({State.DONE, State.FAILED, State.HELD, State.CANCELLED})


@dataclass(slots=True)
class Durations:
    """How many of one kind took how long: by bucket (one more than BOUNDS), and in all, in seconds."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def copy(self) -> "Durations":
        """Give what it is now."""
        return Durations(list(self.buckets), self.total)


class Tally:
    """What happened since it listens. Thread-safe. A job's way through a stage is timed by its transitions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening = False
        self._entered: dict[int, float] = {}
        self._ended: Counter[tuple[str, State]] = Counter()
        self._durations: dict[tuple[str, str], Durations] = {}
        self.moved_at: float | None = None  # the last transition, in seconds since the epoch
        self.balance_usd: float | None = None

    def listen(self, events: Events) -> None:
        """Begin to count, if it has not begun."""
        with self._lock:
            if not self._listening:
                self._listening = True
                events.subscribe(self._hear)

    def ended(self) -> Counter[tuple[str, State]]:
        """Give how many jobs came to be done, failed, held or cancelled, by folder and state."""
        with self._lock:
            return self._ended.copy()

    def durations(self) -> dict[tuple[str, str], Durations]:
        """Give how long stages took (upload, submit, predict, download, whole), by stage and model."""
        with self._lock:
            return {key: each.copy() for key, each in self._durations.items()}

    def _hear(self, event: Event) -> None:
        match event:
            case JobMoved(job, transition):
                with self._lock:
                    self._count(job, transition)
            case BalanceKnown(available):
                self.balance_usd = available

    def _count(self, job: Job, move: Transition) -> None:
        self.moved_at = move.at
        entered = self._entered.pop(job.id, None)
        stage = _STAGE.get((move.before, move.after)) if move.before is not None else None
        if stage is not None and entered is not None:
            self._add(stage, job.model, move.at - entered)
        if move.after in _TIMED:
            self._entered[job.id] = move.at
        if move.after in _ENDS:
            self._ended[job.folder, move.after] += 1
        if move.after is State.DONE:
            self._add("whole", job.model, move.at - job.created_at)

    def _add(self, stage: str, model: str, seconds: float) -> None:
        # a wall clock that was set back must not make a sum smaller
        self._durations.setdefault((stage, model), Durations()).add(max(0.0, seconds))
