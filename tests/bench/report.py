"""What was measured as a table in Markdown, as JSON and as charts; where README.md and docs/ take them."""

import json
import os
import statistics
from collections.abc import Sequence

from tests.bench import charts
from tests.bench.figures import Figure, quantile

#: What is between these two lines of README.md is replaced.
BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
#: Figures whose name begins so say how the cost of a job grows.
_GROWS = "time of a job, "


def markdown(figures: Sequence[Figure], machine: str) -> str:
    """Give the table, and the machine below it. The spread is from the 5 % to the 95 % value."""
    lines = ["| figure | to reach | daemon | peer | daemon / peer |", "| --- | --- | --- | --- | --- |"]
    for figure in figures:
        mark = {None: "", True: " ✓", False: " ✗"}[figure.met]
        reach = "" if figure.reach is None else figure.reach.text(figure.scale, figure.unit) + mark
        peer = f"{_spread(figure, figure.theirs)}: {figure.peer}" if figure.theirs else ""
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        ours = f"{_spread(figure, figure.ours)} {figure.unit}".rstrip()
        lines.append(f"| {figure.name} | {reach} | {ours} | {peer} | {ratio} |")
    lines += ["", f"Median (5 % to 95 % of all values). {machine}."]
    return "\n".join(lines)


def _spread(figure: Figure, values: Sequence[float]) -> str:
    middle, low, high = statistics.median(values), quantile(values, 0.05), quantile(values, 0.95)
    texts = [_number(value * figure.scale) for value in (middle, low, high)]
    return texts[0] if len(set(texts)) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def write(figures: Sequence[Figure], machine: str, into: str) -> None:
    """Write docs/benchmark.json and the charts, and the table into README.md, below the directory `into`."""
    docs, readme = os.path.join(into, "docs"), os.path.join(into, "README.md")
    os.makedirs(docs, exist_ok=True)
    lines = ",\n".join(json.dumps(figure.as_json(), ensure_ascii=False) for figure in figures)  # a line for each
    values = f'{{"machine": {json.dumps(machine)}, "figures": [\n{lines}\n]}}\n'
    _write(os.path.join(docs, "benchmark.json"), values)
    _write(os.path.join(docs, "benchmark.svg"), charts.bars(figures))
    grown = [figure for figure in figures if figure.name.startswith(_GROWS)]
    if grown:
        _write(os.path.join(docs, "growth.svg"), charts.growth([_point(figure) for figure in grown]))
    with open(readme, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{readme} has no lines {BEGIN} and {END}")
    _write(readme, f"{before}{BEGIN}\n\n{markdown(figures, machine)}\n\n{END}{after}")


def _point(figure: Figure) -> tuple[int, float]:
    """Give how many jobs lay behind, and the milliseconds that a job took."""
    number = figure.name.removeprefix(_GROWS).split()[0].replace(",", "")
    return int(number), figure.median * figure.scale


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
