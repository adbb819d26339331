"""Disks that fill up, turn read-only or go away under inboxes and outboxes, and files that can't be moved."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from daemon.inbox.mounts import mount_point
from daemon.states import State
from tests.daemon.ext4 import disk_in
from tests.daemon.house import FOLDER, LASTING, House, files_below, house_in
from tests.daemon.samples import picture
from tests.daemon.test_folders import mounting, tmpfs, until_gate
from tests.support import wait_for


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def use_up_inodes(directory: str) -> list[str]:
    """Make empty hidden files until there is no inode left; give their paths."""
    made: list[str] = []
    with contextlib.suppress(OSError):
        while True:
            path = os.path.join(directory, f".filler-{len(made)}")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            made.append(path)
    return made


def drop(house: House, real: str, name: str, data: bytes) -> str:
    """Move a file into the directory that is mounted as the inbox; give its path there."""
    house.put(os.path.join(real, name), data)
    return house.inbox(FOLDER, name)


@contextlib.contextmanager
def bound(source: str, target: str) -> Iterator[None]:
    """Show the directory `source` at `target` too, as a mount of its own."""
    os.makedirs(source, exist_ok=True)
    os.makedirs(target, exist_ok=True)
    run("mount", "--bind", source, target)
    try:
        yield
    finally:
        while mount_point(target) == target:  # os.path.ismount does not know of bind mounts
            run("umount", "--lazy", target)


@mounting
def test_an_outbox_without_inodes_takes_no_submit_and_later_what_is_paid(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    with tmpfs(house.outbox()):
        run("mount", "-o", "remount,nr_inodes=20", house.outbox())
        house.start()
        paid = house.drop("cat.png", picture(1))
        house.until(paid, State.PROCESSING)
        fillers = use_up_inodes(house.outbox())
        house.sandbox.end_predictions()
        house.until_held(paid, "folder")
        other = house.drop("dog.png", picture(2))
        until_gate(house)
        house.hurry()
        house.until_rest()
        assert len(house.submits()) == 1
        assert sorted(os.listdir(house.outbox())) == sorted(map(os.path.basename, fillers)), "no half file"
        for path in fillers:
            os.unlink(path)
        house.hurry()
        house.until(paid)
        house.until(other)
        assert len(house.submits()) == 2


@mounting
def test_a_read_only_inbox_stops_spending_and_takes_in_nothing_twice(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    with bound(os.path.join(house.base, "real"), house.inbox()):
        house.start()
        real = os.path.join(house.base, "real")
        paid = drop(house, real, "cat.png", picture(1))
        house.until(paid, State.PROCESSING)
        run("mount", "-o", "remount,bind,ro", house.inbox())
        house.sandbox.end_predictions()
        wait_for(lambda: house.results() == {"cat.png": picture(1)}, 10, "the result of what was paid")
        waiting = drop(house, real, "dog.png", picture(2))
        house.daemon.parts.inbox.rescan()
        until_gate(house)
        house.restart()
        house.daemon.parts.inbox.rescan()
        house.hurry()
        house.until_rest()
        assert len(house.submits()) == 1
        assert "can't be written" in house.daemon.status()["gates"][0]["reason"]
        run("mount", "-o", "remount,bind,rw", house.inbox())
        house.hurried(paid)
        house.hurried(waiting)
        assert len(house.submits()) == 2
        assert files_below(house.inbox()) == {"done/cat.png": picture(1), "done/dog.png": picture(2)}


@mounting
def test_an_inbox_that_is_only_read_may_be_where_sources_are_kept(house: House) -> None:
    with bound(os.path.join(house.base, "real"), house.inbox()):
        run("mount", "-o", "remount,bind,ro", house.inbox())
        house.start(after="keep")
        house.until(drop(house, os.path.join(house.base, "real"), "cat.png", picture()))
        assert house.results() == {"cat.png": picture()}


@mounting
def test_an_unmounted_inbox_loses_no_job_and_hides_no_file(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    real = os.path.join(house.base, "real")
    with bound(real, house.inbox()):
        house.start()
        paid = drop(house, real, "cat.png", picture(1))
        house.until(paid, State.PROCESSING)
        house.daemon.parts.actions.pause()
        waiting = drop(house, real, "dog.png", picture(2))
        house.until(waiting, State.QUEUED)
        run("umount", "--lazy", house.inbox())
        house.daemon.parts.actions.resume()
        house.sandbox.end_predictions()
        until_gate(house)
        house.restart()
        until_gate(house)
        assert os.listdir(house.inbox()) == [], "nothing was made below the mount point"
        assert len(house.submits()) == 1
        with bound(real, house.inbox()):
            house.daemon.parts.inbox.rescan()
            house.hurried(paid)
            house.hurried(waiting)
            assert files_below(house.inbox()) == {"done/cat.png": picture(1), "done/dog.png": picture(2)}
            assert house.results() == {"cat.png": picture(1), "dog.png": picture(2)}
            assert len(house.submits()) == 2


def test_a_source_that_cannot_be_moved_waits_alone(tmp_path: Path) -> None:
    with disk_in(str(tmp_path)) as disk, house_in(disk.path) as house:
        house.configure()
        source = house.drop("stuck.png", picture(1))
        run("chattr", "+i", source)
        try:
            house.begin()
            house.until(house.drop("cat.png", picture(2)))
            wait_for(lambda: (job := house.job(source)) and job.waits_for, 10, "the reason")
            job = house.job(source)
            assert job is not None
            assert (job.state, job.put_away) == (State.DONE, False)
            assert "can't be put away" in (job.waits_for or "")
            house.restart()
            house.daemon.parts.inbox.rescan()
            house.until_rest()
            assert len(house.jobs()) == len(house.submits()) == 2
        finally:
            run("chattr", "-i", source)
        house.hurried(source)
        assert set(files_below(house.inbox())) == {"done/cat.png", "done/stuck.png"}


def test_an_outbox_that_not_even_root_may_write_takes_no_submit(tmp_path: Path) -> None:
    with disk_in(str(tmp_path)) as disk, house_in(disk.path) as house:
        house.start()
        run("chattr", "+i", house.outbox())
        try:
            source = house.drop("cat.png", picture())
            until_gate(house)
            house.hurry()
            house.until_rest()
            assert house.submits() == []
        finally:
            run("chattr", "-i", house.outbox())
        house.hurried(source)
        assert house.results() == {"cat.png": picture()}
