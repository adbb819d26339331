"""kill -9 at any system call: the next start brings about the same end, and nothing is paid twice."""

import itertools
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon.sandbox.server import Sandbox
from tests.conftest import Figure
from tests.daemon.house import House
from tests.kills.way import Phase, Point, Way, points
from tests.kills.zygote import Zygote

#: Ways at once: each waits about as long as it computes.
AT_ONCE = 3
#: Ways that are gone for a point at most, until one comes to it.
TRIES = 3


class Field:
    """Where ways are gone, each in a place of its own below `base`."""

    def __init__(self, base: str, sandbox: Sandbox, zygote: Zygote) -> None:
        self._base = base
        self._sandbox = sandbox
        self._zygote = zygote
        self._numbers = itertools.count()

    def way(self) -> Way:
        number = next(self._numbers)
        base = os.path.join(self._base, f"{number:04}")  # of one length: paths are part of what is written
        os.mkdir(base)
        return Way(House(base, self._sandbox), self._zygote, number)

    def points(self, runs: int) -> list[Point]:
        """Give every point of every phase, by traced runs.

        A step that is slow once goes on in another pool's thread. Of several runs of a phase that one counts in
        which the fewest groups did the work.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(self._traced, [phase for phase in Phase for _ in range(runs)])
            by_phase = {phase: [next(found) for _ in range(runs)] for phase in Phase}
        best = [min(of_phase, key=lambda each: len({p.group for p in each})) for of_phase in by_phase.values()]
        return [point for part in best for point in part]

    def _traced(self, phase: Phase) -> list[Point]:
        return points(phase, self.way().recorded(phase))

    def kill_at(self, points_: Sequence[Point]) -> list[Point]:
        """Go a way for each point, several at once; give the points that were reached.

        Raises AssertionError with all that went wrong, and at which points.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ends = list(pool.map(self._kill_at, points_))
        wrong = [f"{point}: {end}" for point, end in zip(points_, ends, strict=True) if isinstance(end, Exception)]
        assert not wrong, "\n".join(wrong)
        return [point for point, end in zip(points_, ends, strict=True) if end is True]

    def _kill_at(self, point: Point) -> bool | Exception:
        try:
            return any(self.way().killed_at(point) for _ in range(TRIES))
        except Exception as error:  # noqa: BLE001 - told together with those of the other points
            return error


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    if shutil.which("strace") is None or os.geteuid() != 0:
        pytest.skip("needs strace, and root to attach it to a process that runs")
    with Sandbox() as sandbox, Zygote() as zygote:
        yield Field(os.fspath(tmp_path), sandbox, zygote)


def check(field: Field, chosen: Sequence[Point], figure: Figure) -> None:
    reached = field.kill_at(chosen)
    by_phase = Counter(point.phase.value for point in reached)
    parts = ", ".join(f"{number} in {phase}" for phase, number in by_phase.items())
    figure("kill points tried", f"{len(reached)} ({parts})")
    figure("of these while a submit was in the air", sum(point.in_air for point in reached))
    figure("points that no later run came to", len(chosen) - len(reached))
    assert len(reached) >= 0.9 * len(chosen)
    assert set(by_phase) == {phase.value for phase in Phase}
    assert any(point.in_air for point in reached)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_kill_at_any_system_call_changes_no_end(field: Field, figure: Figure) -> None:
    check(field, field.points(runs=3), figure)


def test_a_kill_at_some_system_calls_changes_no_end(field: Field, figure: Figure) -> None:
    every = field.points(runs=1)
    parts = [[point for point in every if point.phase is phase] for phase in Phase]
    parts.append([point for point in every if point.in_air])
    check(field, [point for part in parts for point in (part[len(part) // 3], part[2 * len(part) // 3])], figure)
