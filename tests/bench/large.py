"""Figure: the memory that the upload and the download of one large file take."""

import json
import os
import time

from tests.bench import files
from tests.bench.figures import Figure, Reach
from tests.bench.processes import child
from tests.bench.stage import Stage, stage
from tests.support import wait_for

#: requests reads such a body whole, twice: the peer gets no more than this.
_MOST_FOR_PEER = 400_000_000
_LONGEST = 600.0
_MIB = 1 / 2**20

#: Bytes of RSS above what it was before, and seconds.
Run = tuple[float, float]


def measure(directory: str, size: int, runs: int) -> list[Figure]:
    """Let daemon and peer each upload a sound of `size` bytes, in turn, and fetch it back as the result."""
    ours: list[Run] = []
    theirs: list[Run] = []
    less = min(size, _MOST_FOR_PEER)
    with stage(os.path.join(directory, "stage"), kind="audio") as at:
        for turn in range(runs):
            ours.append(_daemon(at, turn, size))
            theirs.append(_bare(at, turn, less))
    name, peer = f"{size / 1e6:,.0f} MB up and down", f"requests with files=, {less / 1e6:,.0f} MB"
    return [
        Figure(
            f"{name}: peak over idle RSS",
            "MiB",
            [grown for grown, _ in ours],
            peer,
            [grown for grown, _ in theirs],
            _MIB,
            Reach(most=20 * 2**20),
        ),
        Figure(
            "… MB a second, last byte to result",
            "MB/s",
            [size / took for _, took in ours],
            peer,
            [less / took for _, took in theirs],
            1e-6,
        ),
    ]


def _daemon(at: Stage, turn: int, size: int) -> Run:
    path = os.path.join(at.base, f"sound-{turn}.wav")
    files.silent_wav(path, size, turn)
    idle = at.daemon.memory("Rss")
    at.daemon.reset_peak()
    begun = time.perf_counter()
    os.rename(path, os.path.join(at.inbox, os.path.basename(path)))
    wait_for(
        lambda: os.path.exists(os.path.join(at.outbox, f"sound-{turn}.wav")), _LONGEST, f"the result; see {at.log}"
    )
    took = time.perf_counter() - begun
    os.unlink(os.path.join(at.outbox, f"sound-{turn}.wav"))
    return at.daemon.peak() - idle, took


def _bare(at: Stage, turn: int, size: int) -> Run:
    source, target = os.path.join(at.base, f"peer-{turn}.wav"), os.path.join(at.base, f"peer-{turn}-result.wav")
    files.silent_wav(source, size, turn + 1000)
    with child("tests.bench.peers", ["large", at.url], at.log) as peer:
        peer.hear()
        idle = peer.memory("Rss")
        peer.reset_peak()
        peer.say(json.dumps([source, target]))
        took = json.loads(peer.hear())
        os.unlink(target)
        return peer.peak() - idle, took["wall"]
