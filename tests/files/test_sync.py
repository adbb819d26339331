"""Directories brought to the disk: one fsync for all who wait, none of whom is told so before it is true."""

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import pytest

from daemon import files
from tests.support import wait_for

Flush = Callable[[int], None]


def gated(monkeypatch: pytest.MonkeyPatch, *flushes: Flush) -> tuple[threading.Event, list[float]]:
    """Have the first fsync wait for the event that is given; do the first ones by `flushes`; note all begins."""
    go_on, begun = threading.Event(), list[float]()
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        begun.append(time.monotonic())
        number = len(begun)
        if number == 1:
            assert go_on.wait(40)
        (flushes[number - 1] if number <= len(flushes) else flush)(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return go_on, begun


def broken(_: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def asking() -> int:
    """Count the threads that have asked, and wait for the disk or for those before them."""
    found = 0
    for frame in sys._current_frames().values():
        here: FrameType | None = frame
        while here is not None and here.f_code is not files.sync_directory.__code__:
            here = here.f_back
        found += here is not None and "asked" in here.f_locals
    return found


def ask(pool: ThreadPoolExecutor, path: Path, go_on: threading.Event, begun: list[float]) -> list[Future[None]]:
    """Ask nine times for `path`: once, and while that is under way all others; give what they come to."""
    first = pool.submit(files.sync_directory, str(path))
    wait_for(lambda: begun, what="the first fsync")
    others = [pool.submit(files.sync_directory, str(path)) for _ in range(8)]
    wait_for(lambda: asking() == 9, what="the others to ask")
    go_on.set()
    return [first, *others]


def test_those_who_wait_share_an_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = gated(monkeypatch)
    with ThreadPoolExecutor(9) as pool:
        for asked in ask(pool, tmp_path, go_on, begun):
            asked.result(40)
    assert len(begun) == 2, "one for the first, which may have missed what the others named; one for all of them"
    files.sync_directory(str(tmp_path))
    assert len(begun) == 3
    assert not files._turns, "nothing is kept of a directory that nobody waits for"


@pytest.mark.parametrize("failing", [1, 2])
def test_after_an_error_each_asks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    go_on, begun = gated(monkeypatch, *[os.fsync] * (failing - 1), broken)
    with ThreadPoolExecutor(9) as pool:
        errors = [asked.exception(40) for asked in ask(pool, tmp_path, go_on, begun)]
    assert [getattr(error, "errno", None) for error in errors].count(errno.EIO) == 1
    assert len(begun) == 9, "what failed for one may be another's: the kernel tells each that had it open"
    files.sync_directory(str(tmp_path))


def test_whoever_asks_has_the_directory_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def descriptors() -> int:
        found = 0
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile, as that of the listing is
                found += os.readlink(f"/proc/self/fd/{number}") == str(tmp_path)
        return found

    go_on, begun = gated(monkeypatch)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(files.sync_directory, str(tmp_path))
        wait_for(lambda: begun, what="the first fsync")
        others = [pool.submit(files.sync_directory, str(tmp_path)) for _ in range(8)]
        wait_for(lambda: descriptors() == 9, what="all to have it open")
        go_on.set()
        for asked in (first, *others):
            asked.result(40)
    assert descriptors() == 0


def test_other_directories_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = gated(monkeypatch)
    (tmp_path / "other").mkdir()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(files.sync_directory, str(tmp_path))
        wait_for(lambda: begun, what="the first fsync")
        files.sync_directory(str(tmp_path / "other"))
        assert not first.done()
        go_on.set()
        first.result(40)


def test_a_directory_that_is_gone_is_told_and_may_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(FileNotFoundError):
        files.sync_directory(str(path))
    path.mkdir()
    files.sync_directory(str(path))


def test_each_gets_an_fsync_that_began_after_it_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, done = os.fsync, list[tuple[float, float]]()

    def fsync(descriptor: int) -> None:
        begun = time.monotonic()
        flush(descriptor)
        done.append((begun, time.monotonic()))

    monkeypatch.setattr(os, "fsync", fsync)

    def one(_: int) -> tuple[float, float]:
        asked = time.monotonic()
        files.sync_directory(str(tmp_path))
        return asked, time.monotonic()

    with ThreadPoolExecutor(12) as pool:
        calls = list(pool.map(one, range(600)))
    for asked, answered in calls:
        assert any(asked <= begun and ended <= answered for begun, ended in done)
