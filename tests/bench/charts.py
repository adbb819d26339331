"""The charts: SVG written by hand, readable on light and on dark ground. Numbers in, text out."""

import math
import statistics
from collections.abc import Sequence
from html import escape

from tests.bench.figures import Figure

_STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.quiet { fill: #59636e; }
.daemon { fill: #0969da; stroke: #0969da; }
.peer { fill: #afb8c1; }
.rule { stroke: #d1d9e0; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .quiet { fill: #9198a1; }
  .daemon { fill: #4493f8; stroke: #4493f8; }
  .peer { fill: #656c76; }
  .rule { stroke: #3d444d; }
}
</style>"""
_WIDTH, _BAR, _ROW, _MARGIN = 860, 430, 58, 16


def bars(figures: Sequence[Figure]) -> str:
    """Give a chart with a pair of bars, the daemon's and its peer's, for each figure that has a peer."""
    shown, parts, heading = [], [], ""
    for figure in figures:
        heading = figure.name if not figure.name.startswith("…") else heading
        if figure.theirs and statistics.median(figure.theirs):
            more = "" if figure.name == heading else f" {figure.name}"
            shown.append((f"{heading.split(':')[0]}{more}" if more else heading, figure))
    for number, (name, figure) in enumerate(shown):
        top = _MARGIN + number * _ROW
        mine, other = figure.median, statistics.median(figure.theirs)
        parts.append(
            f'<text x="{_MARGIN}" y="{top + 12}">{escape(name)} ({escape(figure.unit or "number")})</text>'
        )
        for line, (kind, value, label) in enumerate((("daemon", mine, "daemon"), ("peer", other, figure.peer))):
            y, width = top + 18 + line * 15, max(1.5, _BAR * value / max(mine, other))
            text = f"{value * figure.scale:,.3g}  {label}"
            parts.append(f'<rect class="{kind}" x="{_MARGIN}" y="{y}" width="{width:.1f}" height="12"/>')
            parts.append(f'<text class="quiet" x="{_MARGIN + width + 6:.1f}" y="{y + 10}">{escape(text)}</text>')
    return _svg(_WIDTH, 2 * _MARGIN + len(shown) * _ROW, parts, "The daemon beside its peers")


def growth(points: Sequence[tuple[int, float]]) -> str:
    """Give a chart of the milliseconds that a job takes over the number of jobs behind it, from 0 up."""
    left, top, width, height = 60, 30, 500, 180
    most = max(value for _, value in points) * 1.3
    lowest, highest = (math.log10(edge(number for number, _ in points)) for edge in (min, max))
    places = [
        (
            left + width * (math.log10(number) - lowest) / max(highest - lowest, 1e-9),
            top + height * (1 - value / most),
        )
        for number, value in points
    ]
    parts = [
        f'<text x="{left}" y="18">milliseconds of a job, over the number of finished jobs in the table</text>'
    ]
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        parts.append(f'<line class="rule" x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="quiet" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * share:.3g}</text>'
        )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline class="daemon" points="{line}" style="fill: none" stroke-width="2"/>')
    for (x, y), (number, value) in zip(places, points, strict=True):
        parts.append(f'<circle class="daemon" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{value:.3g}</text>')
        parts.append(
            f'<text class="quiet" x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{number:,}</text>'
        )
    return _svg(left + width + 60, top + height + 30, parts, "How the time of a job grows")


def _svg(width: int, height: int, parts: Sequence[str], title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title>'
    )
    return "\n".join([head, _STYLE, *parts, "</svg>"]) + "\n"
