"""Measured values and how they are shown: median and spread, the daemon's beside its peer's."""

import dataclasses
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reach:
    """What a figure is to be: `most` or `least`, in raw units, or as `ratio` to the peer's."""

    most: float | None = None
    least: float | None = None
    ratio: bool = False

    def text(self, scale: float, unit: str) -> str:
        """Give it in words, in the unit of a figure with this scale."""
        value = self.least if self.most is None else self.most
        number = f"{(value or 0.0) * (1.0 if self.ratio else scale):g}"
        return f"{'≥' if self.most is None else '≤'} {number} {'of the peer' if self.ratio else unit}".rstrip()

    def met(self, median: float, ratio: float | None) -> bool:
        """Tell whether a median (raw) and its ratio are within it."""
        value = ratio if self.ratio else median
        if value is None:
            return False
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured: every value of the daemon (`ours`) and of its peer (`theirs`; may be empty).

    `peer` says in words what did the same work. `scale` turns the raw unit (seconds, bytes) into `unit`.
    `reach` is what the daemon's median is held against.
    """

    name: str
    unit: str
    ours: Sequence[float]
    peer: str = ""
    theirs: Sequence[float] = ()
    scale: float = 1.0
    reach: Reach | None = None

    @property
    def median(self) -> float:
        """The daemon's median, in raw units."""
        return statistics.median(self.ours)

    @property
    def met(self) -> bool | None:
        """Whether what is to be reached is reached; None where nothing is."""
        return None if self.reach is None else self.reach.met(self.median, self.ratio)

    @property
    def ratio(self) -> float | None:
        """Give the daemon's median over the peer's, or None where there is no peer or it is 0."""
        if not self.theirs or not statistics.median(self.theirs):
            return None
        return self.median / statistics.median(self.theirs)

    def as_json(self) -> dict[str, Any]:
        """Give every value, in raw units, and the ratio."""
        return {**dataclasses.asdict(self), "ratio": self.ratio, "met": self.met}


def quantile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that `share` (0 to 1) of `values` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
