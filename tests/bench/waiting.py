"""Figure: files that lie in the inbox when the daemon starts, and what is dropped while they wait."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

from tests.bench import files
from tests.bench.figures import Figure, Reach
from tests.bench.stage import Stage, prepared
from tests.support import wait_for

_MIB = 1 / 2**20
_LONGEST = 600.0
#: Files dropped while the others wait, one after the other: so many while they are recorded, and after that.
_DROPS = 5
#: Bytes of each waiting file are those of a picture of this side: a few hundred, as their number counts here.
_SIDE = 8


class Run(NamedTuple):
    """Seconds to the first result and until all are recorded, the highest memory, seconds that each drop took."""

    first: float
    recorded: float
    peak: float
    drops: list[float]


def measure(directory: str, count: int, runs: int) -> list[Figure]:
    """Start a daemon on an inbox with `count` pictures; drop some more while they are recorded and after that."""
    found = [_run(os.path.join(directory, f"stage-{turn}"), count) for turn in range(runs)]
    name = f"{count:,} files waiting"
    return [
        Figure(f"{name}: start to the first result", "s", [run.first for run in found], reach=Reach(most=5.0)),
        Figure("… until all are recorded", "s", [run.recorded for run in found], reach=Reach(most=90.0)),
        Figure("… peak RSS", "MiB", [run.peak for run in found], scale=_MIB, reach=Reach(most=180 * 2**20)),
        Figure("… drop to result", "s", [each for run in found for each in run.drops], reach=Reach(most=1.0)),
    ]


def _run(base: str, count: int) -> Run:
    with prepared(base, journal=False) as at:
        files.pile(at.inbox, 1, count, side=_SIDE)
        os.makedirs(at.outbox)
        begun = time.perf_counter()
        with ThreadPoolExecutor(1) as beside:
            first_of_all = beside.submit(_first, at, begun)  # the daemon is ready only when it has seen all
            with at.running():
                first = first_of_all.result()
                drops = [_overtaken(at, number) for number in range(_DROPS)]
                wait_for(lambda: _recorded(at) >= count, _LONGEST, f"all files to be recorded; see {at.log}")
                recorded = time.perf_counter() - begun
                drops += [_overtaken(at, number) for number in range(_DROPS, 2 * _DROPS)]
                return Run(first, recorded, at.daemon.peak(), drops)


def _first(at: Stage, begun: float) -> float:
    at.until_results(1, _LONGEST)
    return time.perf_counter() - begun


def _recorded(at: Stage) -> int:
    path = os.path.join(at.state, "jobs.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as table:
        (count,) = table.execute("SELECT max(id) FROM jobs").fetchone()
    return count or 0


def _overtaken(at: Stage, number: int) -> float:
    """Drop a file and give the seconds until its result is there; what is more than alone is others' work."""
    name = f"late-{number}.png"
    files.write(os.path.join(at.inbox, name), files.noise_png(10**8 + number))
    begun = time.perf_counter()
    wait_for(lambda: os.path.exists(os.path.join(at.outbox, name)), _LONGEST, f"a late file; see {at.log}")
    return time.perf_counter() - begun
