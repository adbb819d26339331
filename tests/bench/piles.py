"""Figure: a pile of files at once, against the same calls made bare from threads."""

import json
import os
import statistics
import time
from collections.abc import Sequence

from tests.bench import files
from tests.bench.figures import Figure
from tests.bench.processes import child
from tests.bench.stage import Stage, stage
from tests.support import wait_for

_LOOK = 0.005
_LONGEST = 600.0

#: Wall and processor seconds of one run.
Run = tuple[float, float]


def measure(directory: str, count: int, runs: int, threads: Sequence[int]) -> list[Figure]:
    """Let the daemon and, from as many threads as each of `threads`, the peer process `count` files, in turn.

    The peer's best number of threads is the one that counts.
    """
    ours: list[Run] = []
    theirs: dict[int, list[Run]] = {number: [] for number in threads}
    with stage(os.path.join(directory, "stage"), journal=False) as at:
        at.warm_up()
        for turn in range(runs):
            first = 1 + turn * count * (1 + len(threads))
            ours.append(_daemon(at, first, count))
            for number in threads:
                first += count
                theirs[number].append(_bare(at, first, count, number))
    best = min(threads, key=lambda number: statistics.median(wall for wall, _ in theirs[number]))
    peer = f"bare, {best} threads (best of {', '.join(map(str, threads))})"
    return [
        Figure(
            f"{count} files at once",
            "files/s",
            [count / wall for wall, _ in ours],
            peer,
            [count / wall for wall, _ in theirs[best]],
        ),
        Figure(
            "… processor time of a job",
            "ms",
            [cpu / count for _, cpu in ours],
            peer,
            [cpu / count for _, cpu in theirs[best]],
            1e3,
        ),
    ]


def _daemon(at: Stage, first: int, count: int) -> Run:
    """Move a pile into the inbox. Wall time ends with the last result, processor time with the last row."""
    waiting = os.path.join(at.base, "waiting")
    names = files.pile(waiting, first, count)
    os.sync()  # what was written for the pile is not to be part of the daemon's fsyncs
    put_away, cpu = at.put_away(), at.daemon.cpu()
    begun = time.perf_counter()
    for name in names:
        os.rename(os.path.join(waiting, name), os.path.join(at.inbox, name))
    for name in names:
        _until_there(os.path.join(at.outbox, name), begun)
    took = time.perf_counter() - begun
    wait_for(lambda: at.put_away() >= put_away + count, 60, "the sources to be put away")
    time.sleep(0.5)  # rows are still written after the last file was moved
    os.rmdir(waiting)
    return took, at.daemon.cpu() - cpu


def _until_there(path: str, begun: float) -> None:
    while not os.path.exists(path):
        if time.perf_counter() - begun > _LONGEST:
            raise RuntimeError(f"{path} did not appear")
        time.sleep(_LOOK)


def _bare(at: Stage, first: int, count: int, threads: int) -> Run:
    sources = os.path.join(at.base, f"bare-{first}")
    targets = os.path.join(at.base, f"bare-{first}-results")
    files.pile(sources, first, count)
    os.makedirs(targets)
    os.sync()
    with child("tests.bench.peers", ["pile", at.url, str(threads)], at.log) as peer:
        peer.hear()
        peer.say(json.dumps([sources, targets]))
        took = json.loads(peer.hear())
    if len(os.listdir(targets)) != count:
        raise RuntimeError("the peer lost a file")
    return took["wall"], took["cpu"]
