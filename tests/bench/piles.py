"""Figure: a pile of files at once, against the same calls made bare from threads."""

import json
import os
import statistics
import time
from collections.abc import Sequence

from tests.bench import files
from tests.bench.figures import Figure, Reach
from tests.bench.processes import child
from tests.bench.stage import Stage, stage
from tests.support import wait_for

_LOOK = 0.005
_LONGEST = 600.0

#: The peers' kinds, and what they are called in the table.
PEERS = {
    "plain": "bare requests",
    "careful": "bare requests, source and result hashed, result's bytes on disk",
    "hasty": "bare requests, environment ignored",
}

#: Wall and processor seconds of one run.
Run = tuple[float, float]


def measure(
    directory: str, count: int, runs: int, threads: Sequence[int], *, side: int, least: float
) -> list[Figure]:
    """Let the daemon and, from as many threads as each of `threads`, the peers process `count` files, in turn.

    The peers are plain requests sessions; such as also hash what they send and get and bring it to the disk, which
    shows what of the daemon's time its promises take; and such as ignore the environment, which do less than the
    daemon and show the limit of the library. Of each the best number of threads counts. `side`: pixels of a
    picture's side; `least`: the ratio to the first ones that is to be reached.
    """
    ours: list[Run] = []
    theirs: dict[tuple[str, int], list[Run]] = {(kind, number): [] for kind in PEERS for number in threads}
    with stage(os.path.join(directory, "stage"), journal=False) as at:
        at.warm_up()
        for turn in range(runs):
            first = 1 + turn * count * (1 + len(theirs))
            ours.append(by_daemon(at, first, count, side))
            for (kind, number), taken in theirs.items():
                first += count
                taken.append(_bare(at, first, count, side, number, kind))
    megabytes = len(files.noise_png(0, side)) / 1e6
    name = f"{count:,} files of {megabytes:.1f} MB at once"
    reaches = (Reach(least=least, ratio=True), None, None)
    return [
        figure
        for kind, reach in zip(PEERS, reaches, strict=True)
        for figure in _figures(name, count, ours, kind, threads, theirs, reach)
    ]


def _figures(
    name: str,
    count: int,
    ours: list[Run],
    kind: str,
    threads: Sequence[int],
    theirs: dict[tuple[str, int], list[Run]],
    reach: Reach | None,
) -> list[Figure]:
    best = min(threads, key=lambda number: statistics.median(wall for wall, _ in theirs[kind, number]))
    peer = f"{PEERS[kind]}, {best} threads (best of {', '.join(map(str, threads))})"
    fastest = theirs[kind, best]
    return [
        Figure(
            name,
            "files/s",
            [count / wall for wall, _ in ours],
            peer,
            [count / wall for wall, _ in fastest],
            reach=reach,
        ),
        Figure(
            "… processor time of a job",
            "ms",
            [cpu / count for _, cpu in ours],
            peer,
            [cpu / count for _, cpu in fastest],
            1e3,
        ),
    ]


def by_daemon(at: Stage, first: int, count: int, side: int) -> Run:
    """Move a pile into the inbox. Wall time ends with the last result, processor time with the last row."""
    waiting = os.path.join(at.base, "waiting")
    names = files.pile(waiting, first, count, side=side)
    os.sync()  # what was written for the pile is not to be part of the daemon's fsyncs
    put_away, cpu = at.put_away(), at.daemon.cpu()
    begun = time.perf_counter()
    for name in names:
        os.rename(os.path.join(waiting, name), os.path.join(at.inbox, name))
    until_there(at, names, begun)
    took = time.perf_counter() - begun
    wait_for(lambda: at.put_away() >= put_away + count, 60, "the sources to be put away")
    time.sleep(0.5)  # rows are still written after the last file was moved
    os.rmdir(waiting)
    return took, at.daemon.cpu() - cpu


def until_there(at: Stage, names: Sequence[str], begun: float) -> None:
    """Wait until each of these results is there; how many there are besides makes no difference."""
    for path in (os.path.join(at.outbox, name) for name in names):
        while not os.path.exists(path):
            if time.perf_counter() - begun > _LONGEST:
                raise RuntimeError(f"{path} did not appear")
            time.sleep(_LOOK)


def _bare(at: Stage, first: int, count: int, side: int, threads: int, kind: str) -> Run:
    sources = os.path.join(at.base, f"bare-{first}")
    targets = os.path.join(at.base, f"bare-{first}-results")
    files.pile(sources, first, count, side=side)
    os.makedirs(targets)
    os.sync()
    with child("tests.bench.peers", ["pile", at.url, str(threads), kind], at.log) as peer:
        peer.hear()
        peer.say(json.dumps([sources, targets]))
        took = json.loads(peer.hear())
    if len(os.listdir(targets)) != count:
        raise RuntimeError("the peer lost a file")
    return took["wall"], took["cpu"]
