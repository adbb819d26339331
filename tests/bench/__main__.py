"""`python -m tests.bench`: measures the figures that are asked for and prints them beside their peers'."""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests.bench import flight, grown, idle, large, latency, machine, piles, report, waiting
from tests.bench.figures import Figure
from tests.bench.processes import ROOT

Measure = Callable[[str], list[Figure]]
#: Sides, in pixels, of pictures of 100 kB and of 4 MB.
_SMALL, _LARGE = 182, 1155


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(_known(1.0, 3))}; all if none is named")
    add("--quick", action="store_true", help="a tenth of the work, once: for a look, not for numbers to quote")
    add("--scale", type=float, default=1.0, help="the share of the work that is done (%(default)g)")
    add("--runs", type=int, default=3, help="runs of daemon and peer in turn (%(default)s)")
    add("--directory", help="where to work; the file system counts (default: the system's temporary one)")
    add("--write", action="store_true", help="put table and charts into README.md and docs/, values into a JSON")
    add("--into", default=ROOT, metavar="DIR", help="where README.md and docs/ are (default: this clone)")
    return parser


def _known(scale: float, runs: int) -> Mapping[str, Measure]:
    """Give what can be measured, by name; `scale` is the share of the work that is done."""

    def some(count: int, least: int = 2) -> int:
        return max(least, round(count * scale))

    return {
        "latency": partial(latency.measure, samples=some(100)),
        "pile": partial(piles.measure, count=some(2000), runs=runs, threads=[4, 8], side=_SMALL, least=0.85),
        # it swings more than the others, with what the disk has to do
        "large-pile": partial(
            piles.measure, count=some(200), runs=2 * runs, threads=[2, 4], side=_LARGE, least=0.95
        ),
        "polling": partial(flight.measure, count=some(500), seconds=max(0.2, min(4.0, 40 * scale)), runs=runs),
        "in-flight": partial(
            flight.many, count=some(10_000), seconds=max(0.5, 90.0 * min(1.0, 4 * scale)), runs=runs
        ),
        "waiting": partial(waiting.measure, count=some(100_000), runs=runs),
        "history": partial(
            grown.measure, sizes=[some(10**power) for power in range(2, 7)], jobs=some(200), runs=runs
        ),
        "idle": partial(idle.measure, seconds=max(0.2, 70.0 * scale), runs=runs, behind=some(5000)),
        "large": partial(large.measure, size=int(max(1e6, 2e9 * scale)), runs=runs),
        "start": partial(grown.start, runs=some(10)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    known = _known(0.1, 1) if asked.quick else _known(asked.scale, asked.runs)
    if strangers := set(asked.figures) - set(known):
        parser.error(f"there is no figure {', '.join(sorted(strangers))}; there are {', '.join(known)}")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="hotfolder-bench-", dir=asked.directory) as base:
        title = machine.described(base)
        for name in asked.figures or known:
            directory = os.path.join(base, name)
            os.makedirs(directory)
            figures += known[name](directory)
            print(f"measured: {name}", flush=True)
    print(report.markdown(figures, title))
    if asked.write:
        report.write(figures, title, asked.into)


if __name__ == "__main__":
    main()
