"""Figure: what a daemon costs that has nothing to do."""

import os
import time
from typing import NamedTuple

from tests.bench.figures import Figure, Reach
from tests.bench.history import grow
from tests.bench.processes import Child, child
from tests.bench.stage import Stage, prepared

_PEER = "bare watchdog observer"
_MIB = 1 / 2**20
#: Seconds for what follows the first jobs: rows, the next look at what is due.
_REST = 3.0
#: Seconds of processor time, wake-ups, bytes written.
_Counts = tuple[float, float, float]


class Spent(NamedTuple):
    """What one process took of a second: of a core, wake-ups, bytes written; and its memory in bytes."""

    core: float
    wake_ups: float
    written: float
    rss: int
    pss: int


class Run(NamedTuple):
    """Daemon and peer side by side; whether a file of the daemon's state changed; requests that it made."""

    ours: Spent
    theirs: Spent
    changed: bool
    asked: int


def measure(directory: str, seconds: float, behind: int, runs: int) -> list[Figure]:
    """Let a daemon with `behind` finished jobs, without and with its page, do nothing for `seconds`.

    Longer than a minute, that takes in the regular rescan. The peer is a bare observer of an inbox like its own.
    """
    figures = []
    with prepared(os.path.join(directory, "stage")) as at:
        for page in (False, True):
            at.configure(page=page)
            grow(at, behind)
            watched = os.path.join(directory, f"watched-{page}")
            os.makedirs(watched)
            found = [_run(at, watched, seconds) for _ in range(runs)]
            figures += _figures(found, seconds, behind, page=page)
    return figures


def _run(at: Stage, watched: str, seconds: float) -> Run:
    with at.running(), child("tests.bench.peers", ["watch", watched], at.log) as peer:
        peer.hear()
        time.sleep(_REST)
        at.ask_sandbox("forget")
        files_before, both = _marks(at.state), (at.daemon, peer)
        before = [_spent(each) for each in both]
        time.sleep(seconds)
        after = [_spent(each) for each in both]
        asked, changed = sum(at.ask_sandbox("requests").values()), files_before != _marks(at.state)
        ours, theirs = (
            Spent(*_each_second(early, late, seconds), each.memory("Rss"), each.memory("Pss"))
            for each, early, late in zip(both, before, after, strict=True)
        )
    return Run(ours, theirs, changed, asked)


def _figures(found: list[Run], seconds: float, behind: int, *, page: bool) -> list[Figure]:
    def figure(name: str, unit: str, field: str, scale: float = 1.0, reach: Reach | None = None) -> Figure:
        ours = [getattr(run.ours, field) for run in found]
        theirs = [getattr(run.theirs, field) for run in found]
        return Figure(name, unit, ours, _PEER, theirs, scale, reach)

    name = f"idle for {seconds:g} s, {behind:,} jobs behind it{', page on' if page else ''}: share of a core"
    none = Reach(most=0)
    share, resident = (0.005, 110 * 2**20) if page else (0.002, 90 * 2**20)
    return [
        figure(name, "%", "core", 100, Reach(most=share)),
        figure("… wake-ups", "/s", "wake_ups"),
        figure("… bytes written", "/s", "written", reach=none),
        Figure("… files of its state that changed", "yes = 1", [run.changed for run in found], reach=none),
        Figure("… requests made", "", [run.asked for run in found], reach=none),
        figure("… RSS", "MiB", "rss", _MIB, Reach(most=resident)),
        figure("… PSS", "MiB", "pss", _MIB),
    ]


def _each_second(early: _Counts, late: _Counts, seconds: float) -> _Counts:
    core, wake_ups, written = ((after - before) / seconds for before, after in zip(early, late, strict=True))
    return core, wake_ups, written


def _spent(process: Child) -> _Counts:
    return process.cpu(), process.wake_ups(), process.written()


def _marks(directory: str) -> dict[str, tuple[int, int]]:
    """Give the size and time of change of every file in a directory."""
    found = {}
    for entry in os.scandir(directory):
        status = entry.stat(follow_symlinks=False)
        found[entry.name] = (status.st_size, status.st_mtime_ns)
    return found
