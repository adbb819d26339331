"""Figure: what a daemon costs that has nothing to do."""

import os
import time

from tests.bench.figures import Figure
from tests.bench.processes import Child, child
from tests.bench.stage import stage

_PEER = "bare watchdog observer"
_MIB = 1 / 2**20
#: Seconds for what follows the first jobs: rows, the next look at what is due.
_REST = 3.0


def measure(directory: str, seconds: float) -> list[Figure]:
    """Let a daemon that has done a few jobs, and a bare observer on an inbox like it, do nothing for `seconds`."""
    watched = os.path.join(directory, "watched")
    os.makedirs(watched)
    with (
        stage(os.path.join(directory, "stage")) as at,
        child("tests.bench.peers", ["watch", watched], at.log) as peer,
    ):
        peer.hear()
        at.warm_up()
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
    return [
        Figure(f"idle for {seconds:g} s: share of a core", "%", [cpu[0]], _PEER, [cpu[1]], 100),
        Figure("… wake-ups", "/s", [wake_ups[0]], _PEER, [wake_ups[1]]),
        Figure("… bytes written", "/s", [written[0]], _PEER, [written[1]]),
        Figure("… files of its state that changed", "yes = 1", [float(changed)]),
        Figure("… requests made", "", [float(asked)]),
        *(
            Figure(f"… {field.upper()}", "MiB", [values[0]], _PEER, [values[1]], _MIB)
            for field, values in memory.items()
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
