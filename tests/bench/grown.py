"""Figures: what a long history costs, and how long a start takes."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench import files, piles
from tests.bench.figures import Figure, Reach
from tests.bench.history import grow
from tests.bench.stage import Stage, prepared

_EMPTY = "the same with an empty history"


def start(directory: str, runs: int) -> list[Figure]:
    """Start a daemon again and again on an empty inbox; the first one, which makes the table, does not count."""
    with prepared(os.path.join(directory, "stage")) as at:
        took = [_start(at) for _ in range(runs + 1)]
    return [Figure("start to READY, empty inbox", "s", took[1:], reach=Reach(most=1.2))]


def _start(at: Stage) -> float:
    with at.running():
        return at.ready_after


def measure(directory: str, sizes: Sequence[int], jobs: int, runs: int) -> list[Figure]:
    """Process `jobs` pictures, and call commands, beside as many finished jobs as each of `sizes` says.

    A large table is looked through for damage right after a start; what is measured is what comes after that.
    """
    costs: dict[int, list[float]] = {}
    commands: dict[tuple[str, int], list[float]] = {}
    with prepared(os.path.join(directory, "stage"), journal=False) as at:
        first = 1
        for size in (0, *sizes):
            if size:
                grow(at, size)
            with at.running():
                at.until_idle()
                costs[size] = [_cost(at, first + turn * jobs, jobs) for turn in range(runs + 1)][1:]
                for command in ("jobs", "status"):
                    commands[command, size] = [_command(at, command) for _ in range(runs + 2)][2:]
            first += (runs + 1) * jobs
    reach, last = Reach(most=1.2, ratio=True), max(sizes)
    figures = [
        Figure(f"time of a job, {size:,} finished before it", "ms", costs[size], _EMPTY, costs[0], 1e3, reach)
        for size in sizes
    ]
    return figures + [
        Figure(
            f"hotfolder {name}, {last:,} jobs", "s", commands[name, last], _EMPTY, commands[name, 0], reach=reach
        )
        for name in ("jobs", "status")
    ]


def _cost(at: Stage, first: int, count: int) -> float:
    """Give the seconds that one of `count` jobs that come together takes."""
    waiting = os.path.join(at.base, f"waiting-{first}")
    names = files.pile(waiting, first, count)
    os.sync()  # what was written for the history and the pile is not to be part of the daemon's fsyncs
    begun = time.perf_counter()
    for name in names:
        os.rename(os.path.join(waiting, name), os.path.join(at.inbox, name))
    piles.until_there(at, names, begun)
    return (time.perf_counter() - begun) / count


def _command(at: Stage, name: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "daemon", name, "--config", at.config],
        check=True,
        capture_output=True,
        env={**os.environ, "ATLASCLOUD_API_KEY": "bench", "ATLASCLOUD_BASE_URL": at.url},
    )
    return time.perf_counter() - begun
