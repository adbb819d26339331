"""`python -m tests.bench.areas [REVISION …]`: where the time of a pile goes, now and at earlier revisions.

Each revision's daemon gets the same piles in turn. Without a profiler: files a second, processor time, switches of
threads. Then once more under py-spy, which looks 400 times a second at what holds the interpreter's lock.
"""

import argparse
import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.bench import machine, piles
from tests.bench.processes import ROOT
from tests.bench.stage import Stage, prepared
from tests.support import wait_for

#: By what is nearest to the innermost call: areas, and what their files are called.
AREAS = {
    "log": r"/?logging/|_tell ",
    "turns of threads": r"daemon/turns",
    "job table": r"sqlalchemy/|daemon/table/|daemon/(database|rows|writes|store|queries|tablefile)\.py",
    "heads of answers": r"email/",
    "HTTP": r"requests/|urllib3/|http/client|urllib/parse|daemon/atlas/",
    "JSON": r"json/",
    "watching and taking in": r"watchdog/|daemon/inbox/",
    "outbox and sources": r"(outbox|provenance|putaway|closing|files|names|source)\.py|daemon/media/",
    "stages and worker": r"daemon/",
}
_A_SECOND = 400


class Cost(NamedTuple):
    """What a job of a pile took: files a second, milliseconds of processor time, switches of threads."""

    rate: float
    cpu: float
    switches: float


def area_of(stack: str) -> str:
    """Give the area of a line of py-spy's raw format: frames from the outermost to the innermost, then a count."""
    for frame in reversed(stack.rpartition(" ")[0].split(";")):
        for area, pattern in AREAS.items():
            if re.search(pattern, frame):
                return area
    return "other"


def shares(stacks: Iterable[str]) -> Counter[str]:
    """Give the samples by area."""
    found: Counter[str] = Counter()
    for stack in stacks:
        found[area_of(stack)] += int(stack.rpartition(" ")[2])
    return found


@contextlib.contextmanager
def tree_of(revision: str | None, base: str) -> Iterator[str]:
    """Check a revision out for the length of a with block; None stands for this tree as it is."""
    if revision is None:
        yield ROOT
        return
    tree = os.path.join(base, f"tree-{revision}")
    subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", tree, revision], check=True)
    try:
        yield tree
    finally:
        subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", tree], check=True)


def _piles(at: Stage, count: int, side: int, runs: int) -> list[Cost]:
    costs = []
    for turn in range(runs):
        before = at.daemon.wake_ups()
        took, cpu = piles.by_daemon(at, 1 + (turn + 1) * 10 * count, count, side)
        costs.append(Cost(count / took, 1e3 * cpu / count, (at.daemon.wake_ups() - before) / count))
    return costs


def _profile(at: Stage, count: int, side: int) -> Counter[str]:
    raw = os.path.join(at.base, "samples")
    command = [os.path.join(os.path.dirname(sys.executable), "py-spy"), "record", "--pid", str(at.daemon.pid)]
    command += ["--rate", str(_A_SECOND), "--gil", "--threads", "--format", "raw", "--output", raw]
    with open(at.log, "ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as spy:
        wait_for(lambda: b"Sampling process" in _read(at.log) or spy.poll() is not None, 30, "py-spy")
        piles.by_daemon(at, 1, count, side)
        spy.send_signal(signal.SIGINT)
    if spy.returncode:
        raise RuntimeError(f"py-spy ended with {spy.returncode}; it needs the right to trace other processes")
    with open(raw, encoding="utf-8", errors="replace") as file:
        return shares(file.read().splitlines())


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def measure(directory: str, revisions: list[str | None], count: int, side: int, runs: int) -> str:
    """Give what was found as a table in Markdown."""
    costs: dict[str | None, list[Cost]] = {revision: [] for revision in revisions}
    areas: dict[str | None, Counter[str]] = {}
    with contextlib.ExitStack() as stack:
        trees = {each: stack.enter_context(tree_of(each, directory)) for each in revisions}
        for turn in range(runs + 1):
            for revision, tree in trees.items():
                base = os.path.join(directory, f"{turn}-{revision}")
                with prepared(base, journal=False) as at, at.running(tree):
                    at.warm_up()
                    if turn < runs:
                        costs[revision] += _piles(at, count, side, 1)
                    else:
                        areas[revision] = _profile(at, count, side)
    return _table(costs, areas)


def _table(costs: dict[str | None, list[Cost]], areas: dict[str | None, Counter[str]]) -> str:
    rows = [["", *(each or "this tree" for each in costs)], ["---"] * (1 + len(costs))]
    for number, name in enumerate(("files/s", "processor time of a job, ms", "switches of threads for a job")):
        middles = [statistics.median(cost[number] for cost in found) for found in costs.values()]
        rows.append([name, *(f"{middle:.3g}" for middle in middles)])
    for area in (*AREAS, "other"):
        parts = [found[area] / max(1, found.total()) for found in areas.values()]
        rows.append([f"share of the interpreter's lock: {area}", *(f"{part:.0%}" for part in parts)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.areas", description=__doc__)
    parser.add_argument("revisions", nargs="*", metavar="REVISION", help="of git; this tree is always measured")
    parser.add_argument("--files", type=int, default=1000, help="pictures in the pile (%(default)s)")
    parser.add_argument("--side", type=int, default=182, help="their side in pixels (%(default)s: 100 kB)")
    parser.add_argument("--runs", type=int, default=3, help="piles for each (%(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotfolder-areas-") as directory:
        print(measure(directory, [*asked.revisions, None], asked.files, asked.side, asked.runs))
        print(f"\n{machine.described(directory)}.")


if __name__ == "__main__":
    main()
