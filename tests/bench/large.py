"""Figure: the memory that the upload of one large file takes."""

import json
import os
import time

from tests.bench import files
from tests.bench.figures import Figure
from tests.bench.processes import child
from tests.bench.stage import Stage, stage
from tests.support import wait_for

_PEER = "requests with files="
_LONGEST = 600.0
_MIB = 1 / 2**20

#: Bytes of RSS above what it was before, and seconds.
Run = tuple[float, float]


def measure(directory: str, size: int, runs: int) -> list[Figure]:
    """Let daemon and peer each upload a sound of `size` bytes, in turn; the result is one pixel."""
    ours: list[Run] = []
    theirs: list[Run] = []
    with stage(os.path.join(directory, "stage"), kind="audio", keep_bytes=False) as at:
        for turn in range(runs):
            ours.append(_daemon(at, turn, size))
            theirs.append(_bare(at, turn, size))
    name = f"{size / 1e6:,.0f} MB up"
    return [
        Figure(
            f"{name}: peak over idle RSS",
            "MiB",
            [grown for grown, _ in ours],
            _PEER,
            [grown for grown, _ in theirs],
            _MIB,
        ),
        Figure("… last byte to result", "s", [took for _, took in ours], _PEER, [took for _, took in theirs]),
    ]


def _daemon(at: Stage, turn: int, size: int) -> Run:
    path = os.path.join(at.base, f"sound-{turn}.wav")
    files.silent_wav(path, size, turn)
    idle = at.daemon.memory("Rss")
    at.daemon.reset_peak()
    begun = time.perf_counter()
    os.rename(path, os.path.join(at.inbox, os.path.basename(path)))
    wait_for(
        lambda: os.path.exists(os.path.join(at.outbox, f"sound-{turn}.png")), _LONGEST, f"the result; see {at.log}"
    )
    return at.daemon.peak() - idle, time.perf_counter() - begun


def _bare(at: Stage, turn: int, size: int) -> Run:
    source, target = os.path.join(at.base, f"peer-{turn}.wav"), os.path.join(at.base, f"peer-{turn}.png")
    files.silent_wav(source, size, turn + 1000)
    with child("tests.bench.peers", ["large", at.url], at.log) as peer:
        peer.hear()
        idle = peer.memory("Rss")
        peer.reset_peak()
        peer.say(json.dumps([source, target]))
        took = json.loads(peer.hear())
        return peer.peak() - idle, took["wall"]
