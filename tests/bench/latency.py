"""Figure: from a file's last byte to its whole result, with an idle daemon."""

import json
import os
import random
import time

from tests.bench import files
from tests.bench.figures import Figure, Reach, quantile
from tests.bench.processes import Child, child
from tests.bench.stage import Stage, stage
from tests.support import wait_for

#: Seconds between two looks for the result; half of it is in each value, the peer's too.
_LOOK = 0.0005
_LONGEST = 30.0
_PEER = "four bare calls, told of the file"
#: How many files the watcher gets that waits: each takes it five seconds.
_QUIET = 5


def measure(directory: str, samples: int) -> list[Figure]:
    """Let daemon and peer each process `samples` pictures of 100 kB, in turn, each alone."""
    chance = random.Random(1)  # noqa: S311 - pauses
    ours, theirs = [], []
    targets = os.path.join(directory, "peer")
    with (
        stage(os.path.join(directory, "stage"), journal=False) as at,
        child("tests.bench.peers", ["one", at.url], at.log) as peer,
    ):
        peer.hear()
        os.makedirs(targets)
        at.warm_up()
        for number in range(-2, samples):  # the first two are not counted: the peer warms up too
            data = files.noise_png(number + 1000)
            mine, other = _daemon(at, number, data), _bare(peer, at, targets, number, data)
            if number >= 0:
                ours.append(mine)
                theirs.append(other)
            time.sleep(chance.uniform(0.05, 0.15))  # not in step with anything that comes round
        quiet = _quiet(at, os.path.join(directory, "quiet"), min(samples, _QUIET))
    name, last = "one file, last byte to whole result", quantile(ours, 0.95)
    return [
        Figure(name, "ms", ours, _PEER, theirs, 1e3, Reach(most=0.015)),
        Figure("… the 95 % value", "ms", [last], _PEER, [quantile(theirs, 0.95)], 1e3, Reach(most=0.03)),
        Figure("… beside a watcher that waits", "ms", ours, "four bare calls after 5 s of quiet", quiet, 1e3),
    ]


def _quiet(at: Stage, base: str, samples: int) -> list[float]:
    """Let a watcher process files once nothing about them changed for 5 s, all at the same time."""
    watched, targets = os.path.join(base, "watched"), os.path.join(base, "targets")
    os.makedirs(watched)
    os.makedirs(targets)
    with child("tests.bench.peers", ["quiet", at.url, watched, targets], at.log) as peer:
        peer.hear()
        dropped = {}
        for number in range(samples):
            data = files.noise_png(number + 5000)
            files.write(os.path.join(watched, f"{number}.png"), data)
            dropped[number] = (data, time.perf_counter())
        return [
            _until_there(os.path.join(targets, f"{number}.png"), data, closed)
            for number, (data, closed) in dropped.items()
        ]


def _daemon(at: Stage, number: int, data: bytes) -> float:
    name = f"picture-{number}.png"
    before = at.put_away()
    files.write(os.path.join(at.inbox, name), data)
    took = _until_there(os.path.join(at.outbox, name), data)
    wait_for(lambda: at.put_away() > before, _LONGEST, "the source to be put away")
    return took


def _bare(peer: Child, at: Stage, targets: str, number: int, data: bytes) -> float:
    source, target = os.path.join(at.base, f"peer-{number}.png"), os.path.join(targets, f"{number}.png")
    files.write(source, data)
    closed = time.perf_counter()
    peer.say(json.dumps([source, target]))
    took = _until_there(target, data, closed)
    peer.hear()
    return took


def _until_there(path: str, data: bytes, closed: float | None = None) -> float:
    """Give the seconds until `path` is there, from `closed` or now; raises if it is not the whole of `data`."""
    begun = time.perf_counter() if closed is None else closed
    while not os.path.exists(path):
        if time.perf_counter() - begun > _LONGEST:
            raise RuntimeError(f"{path} did not appear")
        time.sleep(_LOOK)
    took = time.perf_counter() - begun
    with open(path, "rb") as file:
        if file.read() != data:
            raise RuntimeError(f"{path} is not whole")
    return took
