"""kill -9 at any system call: the next start brings about the same end, and nothing is paid twice."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from tests.conftest import Figure
from tests.kills.field import Field
from tests.kills.way import Phase, Point


def check(field: Field, chosen: Sequence[Point], figure: Figure, least: float) -> set[Point]:
    """Kill at each point, and give those that were met.

    `least` is the share of them that must be met, whatever else this machine does.
    """
    reached = field.kill_at(chosen)
    by_phase = Counter(point.phase.value for point in reached)
    parts = ", ".join(f"{number} in {phase}" for phase, number in by_phase.items())
    figure("kill points tried", f"{len(reached)} ({parts})")
    figure("of these while a submit was in the air", sum(point.in_air for point in reached))
    missed = [point for point in chosen if point not in set(reached)]
    names = (f"{point.phase.value}, {point.group}, {point.call}, {point.nth}" for point in missed)
    figure("points that no later run came to", "; ".join([str(len(missed)), *names]))
    assert len(reached) >= least * len(chosen)
    assert set(by_phase) == {phase.value for phase in Phase}
    assert any(point.in_air for point in reached)
    return set(reached)


def kinds(points: Iterable[Point]) -> set[tuple[str, str, str]]:
    """Give the phase, group and call of points."""
    return {(point.phase.value, point.group, point.call) for point in points}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_kill_at_any_system_call_changes_no_end(field: Field, figure: Figure) -> None:
    every = field.points()
    handed_on = {point.group for point in every if point.phase is Phase.HANDED}
    assert {"upload", "submit", "poll", "download"} <= handed_on
    assert kinds(check(field, every, figure, least=0.9)) == kinds(every)


def test_a_kill_at_some_system_calls_changes_no_end(field: Field, figure: Figure) -> None:
    every = field.points()
    parts = [[point for point in every if point.phase is phase] for phase in Phase]
    parts.append([point for point in every if point.in_air])
    chosen = [point for part in parts for point in (part[len(part) // 3], part[2 * len(part) // 3])]
    check(field, chosen, figure, least=0.7)
