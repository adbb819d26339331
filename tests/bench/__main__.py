"""`python -m tests.bench`: measures the figures that are asked for and prints them beside their peers'."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence

from rich.console import Console

from tests.bench import idle, large, latency, machine, piles
from tests.bench.figures import Figure, table

#: Columns where the output is no terminal.
_WIDTH = 130

Measure = Callable[[str], list[Figure]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("figures", nargs="*", metavar="FIGURE", help="latency, pile, idle, large; all if none is named")
    add("--samples", type=int, default=50, help="latency: files, one after the other (%(default)s)")
    add("--files", type=int, default=1000, help="pile: files at once (%(default)s)")
    add("--runs", type=int, default=3, help="pile, large: runs of daemon and peer in turn (%(default)s)")
    add("--threads", type=int, nargs="+", default=[4, 8, 16], help="pile: the peer's threads; its best counts")
    add("--seconds", type=float, default=30.0, help="idle: for how long (%(default)s)")
    add("--megabytes", type=float, default=1000.0, help="large: the file's size (%(default)s)")
    add("--directory", help="where to work; the file system counts (default: the system's temporary one)")
    add("--json", metavar="FILE", help="write every measured value to this file")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    known: dict[str, Measure] = {
        "latency": lambda directory: latency.measure(directory, asked.samples),
        "pile": lambda directory: piles.measure(directory, asked.files, asked.runs, asked.threads),
        "idle": lambda directory: idle.measure(directory, asked.seconds),
        "large": lambda directory: large.measure(directory, int(asked.megabytes * 1e6), asked.runs),
    }
    if strangers := set(asked.figures) - set(known):
        parser.error(f"there is no figure {', '.join(sorted(strangers))}; there are {', '.join(known)}")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="hotfolder-bench-", dir=asked.directory) as base:
        title = machine.described(base)
        for name in asked.figures or known:
            directory = os.path.join(base, name)
            os.makedirs(directory)
            figures += known[name](directory)
    console.print(table(figures, title))
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump({"machine": title, "figures": [figure.as_json() for figure in figures]}, file, indent=1)


if __name__ == "__main__":
    main()
