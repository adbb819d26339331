"""Directories brought to the disk: one fsync for all who wait, none of whom is told so before it is true."""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon import files
from tests.support import wait_for

Flush = Callable[[int], None]


def gated(monkeypatch: pytest.MonkeyPatch, later: Flush) -> tuple[threading.Event, list[float]]:
    """Have the first fsync wait for the event that is given, those after it done by `later`; note their begins."""
    go_on, begun = threading.Event(), list[float]()
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        begun.append(time.monotonic())
        if len(begun) == 1:
            assert go_on.wait(40)
            flush(descriptor)
        else:
            later(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return go_on, begun


def inside(*names: str) -> int:
    """Count the threads that are in a function of one of these names."""
    found = 0
    for frame in sys._current_frames().values():
        here = frame
        while here is not None and here.f_code.co_name not in names:
            here = here.f_back  # type: ignore[assignment] # None at the thread's beginning
        found += here is not None
    return found


def ask(pool: ThreadPoolExecutor, path: Path, go_on: threading.Event, begun: list[float]) -> list[Future[None]]:
    """Ask nine times for `path`: once, and while that is under way all others; give what they come to."""
    first = pool.submit(files.sync_directory, str(path))
    wait_for(lambda: begun, what="the first fsync")
    others = [pool.submit(files.sync_directory, str(path)) for _ in range(8)]
    wait_for(lambda: inside("follow") == 7 and inside("lead") == 2, what="the others to wait")
    go_on.set()
    return [first, *others]


def test_those_who_wait_share_an_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = gated(monkeypatch, os.fsync)
    with ThreadPoolExecutor(9) as pool:
        for asked in ask(pool, tmp_path, go_on, begun):
            asked.result(40)
    assert len(begun) == 2, "one for the first, which may have missed what the others named; one for all of them"
    files.sync_directory(str(tmp_path))
    assert len(begun) == 3


def test_other_directories_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun = gated(monkeypatch, os.fsync)
    (tmp_path / "other").mkdir()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(files.sync_directory, str(tmp_path))
        wait_for(lambda: begun, what="the first fsync")
        files.sync_directory(str(tmp_path / "other"))
        assert not first.done()
        go_on.set()
        first.result(40)


def test_all_who_wait_are_told_of_an_error_and_nobody_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, broken = os.fsync, [True]

    def later(descriptor: int) -> None:
        if broken[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        flush(descriptor)

    go_on, begun = gated(monkeypatch, later)
    with ThreadPoolExecutor(9) as pool:
        first, *others = ask(pool, tmp_path, go_on, begun)
        first.result(40)
        errors = [asked.exception(40) for asked in others]
    assert [getattr(error, "errno", None) for error in errors] == [errno.EIO] * 8
    assert len({id(error) for error in errors}) == 8, "each thread raises its own"
    broken[0] = False
    files.sync_directory(str(tmp_path))


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
