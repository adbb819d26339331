"""Figure: what a daemon costs that has nothing to do."""

import os
import time

from tests.bench.figures import Figure, Reach
from tests.bench.history import grow
from tests.bench.processes import Child, child
from tests.bench.stage import Stage, prepared

_PEER = "bare watchdog observer"
_MIB = 1 / 2**20
#: Seconds for what follows the first jobs: rows, the next look at what is due.
_REST = 3.0


def measure(directory: str, seconds: float, behind: int) -> list[Figure]:
    """Let a daemon with `behind` finished jobs, without and with its page, do nothing for `seconds`.

    The peer is a bare observer on an inbox like the daemon's.
    """
    figures = []
    with prepared(os.path.join(directory, "stage")) as at:
        for page in (False, True):
            at.configure(page=page)
            grow(at, behind)
            figures += _one(at, os.path.join(directory, f"watched-{page}"), seconds, behind, page=page)
    return figures


def _one(at: Stage, watched: str, seconds: float, behind: int, *, page: bool) -> list[Figure]:
    os.makedirs(watched)
    with at.running(), child("tests.bench.peers", ["watch", watched], at.log) as peer:
        peer.hear()
        time.sleep(_REST)
        at.ask_sandbox("forget")
        files_before, both = _marks(at.state), (at.daemon, peer)
        before = [_spent(each) for each in both]
        time.sleep(seconds)
        after = [_spent(each) for each in both]
        asked, changed = sum(at.ask_sandbox("requests").values()), files_before != _marks(at.state)
        memory = {field: [each.memory(field) for each in both] for field in ("Rss", "Pss")}
    cpu, wake_ups, written = (
        [(late - early) / seconds for early, late in zip(*pair, strict=True)]
        for pair in zip(*(zip(*times, strict=True) for times in (before, after)), strict=True)
    )
    name = f"idle for {seconds:g} s, {behind:,} jobs behind it{', page on' if page else ''}: share of a core"
    share, resident = (0.005, 110 * 2**20) if page else (0.002, 90 * 2**20)
    return [
        Figure(name, "%", [cpu[0]], _PEER, [cpu[1]], 100, Reach(most=share)),
        Figure("… wake-ups", "/s", [wake_ups[0]], _PEER, [wake_ups[1]]),
        Figure("… bytes written", "/s", [written[0]], _PEER, [written[1]]),
        Figure("… files of its state that changed", "yes = 1", [float(changed)], reach=Reach(most=0)),
        Figure("… requests made", "", [float(asked)], reach=Reach(most=0)),
        *(
            Figure(f"… {field.upper()}", "MiB", [own], _PEER, [other], _MIB, reach)
            for (field, (own, other)), reach in zip(memory.items(), (Reach(most=resident), None), strict=True)
        ),
    ]


def _spent(process: Child) -> tuple[float, float, float]:
    return process.cpu(), process.wake_ups(), process.written()


def _marks(directory: str) -> dict[str, tuple[int, int]]:
    """Give the size and time of change of every file in a directory."""
    found = {}
    for entry in os.scandir(directory):
        status = entry.stat(follow_symlinks=False)
        found[entry.name] = (status.st_size, status.st_mtime_ns)
    return found
