"""Many ways of jobs at once, each in a place of its own: with a kill at each of many points."""

import itertools
import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from daemon.sandbox.server import Sandbox
from tests.daemon.house import House
from tests.kills.way import Phase, Point, Way, points

T = TypeVar("T")

#: Ways at once: each waits about as long as it computes.
AT_ONCE = 3
#: Ways that are gone for a point at most, until one comes to it.
TRIES = 3


class Field:
    """Where ways are gone, each in a place of its own below `base`."""

    def __init__(self, base: str, sandbox: Sandbox) -> None:
        self._base = base
        self._sandbox = sandbox
        self._numbers = itertools.count()

    def way(self) -> Way:
        number = next(self._numbers)
        base = os.path.join(self._base, f"{number:04}")  # of one length: paths are part of what is written
        os.mkdir(base)
        return Way(House(base, self._sandbox), number)

    def points(self, phases: Iterable[Phase] = Phase) -> list[Point]:
        """Give every point of some phases, by a traced run of each."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [point for part in pool.map(self._traced, phases) for point in part]

    def _traced(self, phase: Phase) -> list[Point]:
        return points(phase, self.way().recorded(phase))

    def kill_at(self, points_: Sequence[Point]) -> list[Point]:
        """Go a way for each point, several at once; give the points that were reached.

        Raises AssertionError with all that went wrong, and at which points.
        """
        reached = self.each(points_, lambda point: any(self.way().killed_at(point) for _ in range(TRIES)))
        return [point for point, was in zip(points_, reached, strict=True) if was]

    def each(self, points_: Sequence[Point], do: Callable[[Point], T]) -> list[T]:
        """Do something at each point, several at once; what goes wrong is told of all of them together."""
        wrong: list[str] = []

        def end_of(point: Point) -> list[T]:
            try:
                return [do(point)]
            except Exception as error:  # noqa: BLE001 - told below
                wrong.append(f"{point}:\n{''.join(traceback.format_exception(error)[-3:])}")
                return []

        with ThreadPoolExecutor(AT_ONCE) as pool:
            ends = [end for ends in pool.map(end_of, points_) for end in ends]
        assert not wrong, "\n".join(wrong)
        return ends
