"""What a failed flush, or a kill before it, kept from the disk is brought there before the job is done.

A failed fsync tells only once of bytes that are lost, so to call it again would prove nothing: the file is made
anew and flushed. What a daemon that was killed did not flush, the next one does.
"""

import os
import re
from collections.abc import Callable

import pytest

from tests.conftest import Figure
from tests.kills.field import TRIES, Field
from tests.kills.trace import flushes, merged, struck_flush
from tests.kills.way import Phase, Point


def of_work(field: Field) -> list[Point]:
    """Give every flush between the drop of a file and its source being put away."""
    return [point for point in field.points([Phase.WORK]) if point.call in {"fsync", "fdatasync"}]


def check_made_anew(field: Field, point: Point) -> bool:
    """Let a flush fail; tell whether a run came to it."""
    traces = (field.way().failed_at(point) for _ in range(TRIES))
    trace = next((trace for trace in traces if "(INJECTED)" in trace), None)
    if trace is None:
        return False
    path, after = struck_flush(trace)
    again = flushes(after, path)
    assert again, f"{path} was never flushed after that"
    between = after[: again[0]]
    if path.endswith("-wal"):
        assert re.search(rf"pwrite64\(\d+<{re.escape(path)}>", between), "the log was flushed again as it was"
    elif not os.path.isdir(path):
        assert f'"{path}", O_RDWR|O_CREAT|O_EXCL' in between, f"{path} was flushed again, and not made anew"
    return True


def check_flushed_later(field: Field, point: Point) -> bool:
    """Kill a daemon before a flush; tell whether a run came to it."""
    ways = (field.way() for _ in range(TRIES))
    way = next((way for way in ways if way.killed_at(point, watched=True)), None)
    if way is None:
        return False
    path, _ = struck_flush(merged(way.trace))
    assert flushes(merged(way.next_trace), path), f"the next daemon did not flush {path}"
    return True


def check_each(
    field: Field, figure: Figure, name: str, check: Callable[[Field, Point], bool], points: list[Point]
) -> int:
    """Check all points; give the number of those that were met."""
    struck = sum(field.each(points, lambda point: check(field, point)))
    figure(name, f"{struck} of {len(points)}")
    return struck


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_failed_flush_is_not_repeated_on_what_was_lost(field: Field, figure: Figure) -> None:
    points = of_work(field)
    assert check_each(field, figure, "flushes that failed", check_made_anew, points) >= 0.75 * len(points)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_killed_daemon_did_not_flush_the_next_one_does(field: Field, figure: Figure) -> None:
    points = of_work(field)
    assert check_each(field, figure, "flushes that a kill prevented", check_flushed_later, points) >= 0.75 * len(
        points
    )


def test_a_result_that_did_not_reach_the_disk_is_made_anew(field: Field, figure: Figure) -> None:
    """The ordinary suite's share: the flush of the draft, and the kill before that of the outbox."""
    files = [point for point in of_work(field) if point.call == "fsync"]
    met = check_each(field, figure, "flushes of a draft that failed", check_made_anew, files[:1])
    met += check_each(field, figure, "flushes of an outbox that a kill prevented", check_flushed_later, files[2:3])
    assert met == 2
