"""When a file is settled: what events, looks and time together say about it. Pure: stats and times come in.

A path waits here from the first hint until it is taken, given up or gone. Whoever drives this calls `observe`
for every hint, looks at what is `due`, tells by `judge` what was seen, and calls `forget` once it has acted on
the answer (so that a file is not lost when acting on it fails).
"""

import heapq
from dataclasses import dataclass
from enum import StrEnum

#: Seconds without change after which a file is taken that nobody closed, if its format shows that it is whole.
QUIET = 0.1
#: How often, at least and at most, a file that ends early is looked at again: what writes it may never close it.
_SOONEST, _LATEST = 0.1, 5.0

#: Inode, size, mtime and ctime (nanoseconds): if none differs, nothing was written, replaced or moved here.
#: The change time counts because copies preserve the other one, and nobody can set it.
Mark = tuple[int, int, int, int]


class Hint(StrEnum):
    """Why a file is looked at."""

    CLOSED = "closed"  # its writer closed it
    MOVED = "moved"  # it was renamed to this path
    CREATED = "created"  # it appeared; it may be being written
    SCANNED = "scanned"  # a scan came by it; nothing is known of its writer


class Shape(StrEnum):
    """What a look at a file's content says."""

    WHOLE = "whole"  # its format shows its end, and the end is there
    SILENT = "silent"  # its format does not tell
    SHORT = "short"  # it ends early, or is empty
    WRONG = "wrong"  # complete or not, it can't be used


class Verdict(StrEnum):
    """What follows from a look."""

    TAKE = "take"
    WAIT = "wait"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Pace:
    """A rule's `settle` and `patience`, in seconds."""

    settle: float
    patience: float


@dataclass(slots=True)
class _Waiting:
    mark: Mark
    changed_at: float  # when a change was last seen, by whoever looks, not by the file's own times
    at_once: bool  # its writer is known to be done with it
    look_at: float | None  # None: handed out by `due`, an answer is awaited


class Settling:
    """The files that are being waited for. Not thread-safe. Times are seconds of one clock that never jumps."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._heap: list[tuple[float, str]] = []  # with entries that no longer count: `look_at` tells
        self._fresh: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: str) -> bool:
        return path in self._waiting

    @property
    def fresh(self) -> int:
        """How many files have not been looked at even once."""
        return len(self._fresh)

    def observe(self, path: str, mark: Mark, hint: Hint, now: float) -> None:
        """Note a hint about the file at `path`, whose lstat gave `mark`; a known one is armed anew."""
        prompt = hint in {Hint.CLOSED, Hint.MOVED}
        waiting = self._waiting.get(path)
        if waiting is None:
            waiting = self._waiting[path] = _Waiting(mark, now, prompt, None)
            self._fresh.add(path)
        else:
            changed = waiting.mark != mark
            if changed:
                waiting.mark, waiting.changed_at = mark, now
            elif not prompt:
                return  # nothing new: it is looked at when it was to be
            waiting.at_once = prompt or (waiting.at_once and not changed)
        self._look_at(path, waiting, now if waiting.at_once else waiting.changed_at + QUIET)

    def due(self, now: float, most: int) -> list[str]:
        """Hand out up to `most` paths to be looked at; each must then be judged, postponed or forgotten."""
        paths: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(paths) < most:
            at, path = heapq.heappop(self._heap)
            waiting = self._waiting.get(path)
            if waiting is not None and waiting.look_at == at:
                waiting.look_at = None
                paths.append(path)
        return paths

    def judge(self, path: str, mark: Mark, shape: Shape, pace: Pace, now: float) -> Verdict:
        """Say what follows when a look at `path` found `mark` and `shape`.

        TAKE: it is settled. GIVE_UP: it can't be used, and had its time. Both leave the path here until it is
        forgotten or postponed. WAIT: it is due again later. A path that is not known is to be waited for.
        """
        waiting = self._waiting.get(path)
        if waiting is None:
            return Verdict.WAIT
        self._fresh.discard(path)
        if waiting.mark != mark:
            # it is being changed, so whoever was said to be done with it is not
            waiting.mark, waiting.changed_at, waiting.at_once = mark, now, False
        ready_at = waiting.changed_at + _needed(shape, pace, at_once=waiting.at_once)
        if now >= ready_at:
            return Verdict.TAKE if shape in {Shape.WHOLE, Shape.SILENT} else Verdict.GIVE_UP
        if shape is Shape.SHORT:
            # growing is noticed by looking: soon after a change, more rarely later
            pause = min(max((now - waiting.changed_at) / 2, _SOONEST), _LATEST)
            ready_at = min(ready_at, now + pause)
        self._look_at(path, waiting, ready_at)
        return Verdict.WAIT

    def quiet_for(self, path: str, now: float) -> float:
        """Give for how many seconds no change of `path` was seen; 0 if it is not known."""
        waiting = self._waiting.get(path)
        return 0.0 if waiting is None else now - waiting.changed_at

    def postpone(self, path: str, at: float) -> None:
        """Make `path`, if it is known, due at the time `at`, because it could not be looked at or acted on."""
        waiting = self._waiting.get(path)
        if waiting is not None:
            self._look_at(path, waiting, at)

    def look_again(self, now: float) -> None:
        """Make everything due at the time `now`, because the rules have changed."""
        for path, waiting in self._waiting.items():
            self._look_at(path, waiting, now)

    def forget(self, path: str) -> None:
        """Drop `path`: it was taken, or is gone, or is no input. A later hint begins anew."""
        self._waiting.pop(path, None)
        self._fresh.discard(path)

    def next_at(self) -> float | None:
        """Give the time at which the next path is due, or None."""
        while self._heap:
            at, path = self._heap[0]
            waiting = self._waiting.get(path)
            if waiting is not None and waiting.look_at == at:
                return at
            heapq.heappop(self._heap)
        return None

    def _look_at(self, path: str, waiting: _Waiting, at: float) -> None:
        if waiting.look_at != at:
            waiting.look_at = at
            heapq.heappush(self._heap, (at, path))


def _needed(shape: Shape, pace: Pace, *, at_once: bool) -> float:
    """Give the seconds without change after which a file of this shape is decided on."""
    if shape is Shape.SHORT:
        return max(pace.patience, pace.settle)
    if shape is Shape.WRONG:
        return pace.settle  # there is no hurry in failing
    if at_once:
        return 0.0
    return min(QUIET, pace.settle) if shape is Shape.WHOLE else pace.settle
