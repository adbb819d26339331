"""What only scans find, and roots that come, go and change."""

import logging
import os
import shutil
import threading

import pytest

from daemon.inbox.scanner import Found, scan
from tests.inbox.conftest import MP3, PNG, Bench
from tests.inbox.test_events import write
from tests.support import wait_for


def test_what_was_there_before_is_taken_once_over_restarts(bench: Bench) -> None:
    paths = [write(f"{bench.root}/{number}.png") for number in range(3)]
    paths.append(write(bench.root + "/sound.mp3", MP3))
    bench.start(bench.rule(match=("*.png", "*.mp3")))
    bench.until_quiet()
    bench.restart()
    bench.until_quiet()
    assert sorted(bench.table.sources()) == sorted(paths)


def test_ready_comes_after_the_first_scan_and_quiet_after_the_last_file(bench: Bench) -> None:
    for number in range(1200):
        write(f"{bench.root}/{number}.png")
    bench.start()
    bench.until_quiet()
    assert len(bench.table.jobs) == bench.table.offered == 1200


def test_a_blinded_watcher_is_made_up_for_by_a_scan(bench: Bench) -> None:
    """A rescan is the only way to a file in a directory that nobody watches: a mount hides it from inotify."""
    bench.start()
    bench.inbox._watcher.stop()
    path = write(bench.root + "/cat.png")
    bench.inbox.rescan()
    bench.table.job(path)


def test_a_lost_watch_is_made_again(bench: Bench) -> None:
    bench.start()
    inotify = bench.inbox._watcher._inotify
    assert inotify is not None
    inotify._inotify_fd.stop()
    wait_for(lambda: not bench.inbox._watcher.alive(), what="the watch to end")
    bench.inbox.rescan()
    wait_for(bench.inbox._watcher.alive, what="the new watch")
    bench.until_quiet()
    bench.table.job(write(bench.root + "/cat.png"))


def test_a_root_deleted_and_made_again_is_watched_again(bench: Bench) -> None:
    bench.start()
    shutil.rmtree(bench.root)
    bench.inbox.rescan()
    wait_for(bench.inbox.absent, what="the absence to be noticed")
    assert "does not exist" in bench.inbox.absent()["cats"]
    assert not os.path.exists(bench.root), "never made here"
    os.mkdir(bench.root)
    early = write(bench.root + "/early.png")
    bench.inbox.rescan()
    bench.table.job(early)
    assert bench.inbox.absent() == {}
    bench.table.job(write(bench.root + "/late.png"))


def test_a_root_that_was_exchanged_is_noticed(bench: Bench) -> None:
    bench.start()
    os.rename(bench.root, bench.outside + "/old")
    os.mkdir(bench.root)
    path = write(bench.root + "/cat.png")
    bench.inbox.rescan()
    bench.table.job(path)
    write(bench.outside + "/old/other.png")
    bench.until_quiet()
    bench.table.job(write(bench.root + "/second.png"))
    assert len(bench.table.jobs) == 2


def test_a_missing_root_does_not_keep_the_others_from_being_ready(bench: Bench) -> None:
    bench.start(bench.rule(), bench.rule(name="dogs", inbox=bench.outside + "/nowhere"))
    assert list(bench.inbox.absent()) == ["dogs"]
    bench.table.job(write(bench.root + "/cat.png"))
    os.mkdir(bench.outside + "/nowhere")
    bench.inbox.rescan("dogs")
    assert bench.table.job(write(bench.outside + "/nowhere/dog.png")).folder == "dogs"


def test_a_file_in_a_root_s_place_is_absence(bench: Bench) -> None:
    os.rmdir(bench.root)
    write(bench.root)
    bench.start()
    assert "is not a directory" in bench.inbox.absent()["cats"]


def test_polling_finds_what_is_made_and_moved(bench: Bench) -> None:
    os.makedirs(bench.root + "/done/old")
    bench.start(bench.rule(watch="polling"))
    path = bench.table.job(write(bench.root + "/cat.png")).source
    os.makedirs(bench.root + "/a/b")
    bench.table.job(write(bench.root + "/a/b/dog.png"))
    os.rename(path, bench.root + "/renamed.png")
    bench.table.job(bench.root + "/renamed.png")


def test_lost_events_bring_a_scan_at_once(bench: Bench) -> None:
    bench.start()
    bench.inbox._watcher.unwatch("cats")
    bench.until_quiet()
    path = write(bench.root + "/cat.png")
    logging.getLogger("watchdog.observers.inotify_c").warning(
        "Inotify queue overflowed; filesystem events were lost"
    )
    bench.table.job(path)
    assert bench.noted("overflow")


def test_a_flood_of_files_loses_none(bench: Bench) -> None:
    bench.start()
    os.mkdir(bench.outside + "/pile")

    def pour(name: str) -> None:
        os.mkdir(f"{bench.root}/{name}")
        for number in range(1500):
            write(f"{bench.root}/{name}/{number}.png")

    threads = [threading.Thread(target=pour, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: len(bench.table.jobs) == 3000, 40.0, "all files")
    bench.until_quiet()
    assert len(bench.table.jobs) == 3000


def test_a_reload_adds_removes_and_changes_folders(bench: Bench) -> None:
    os.mkdir(bench.outside + "/dogs")
    heic = write(bench.root + "/cat.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    dogs = bench.rule(name="dogs", inbox=bench.outside + "/dogs")
    bench.start()
    wait_for(bench.inbox.unmatched, what="the unmatched file")
    bench.inbox.reload({"cats": bench.rule(match=("*.heic",)), "dogs": dogs})
    bench.until_ready()
    bench.table.job(write(bench.outside + "/dogs/dog.png"))
    assert bench.table.job(heic).fault_code == "ends_early"
    wait_for(lambda: bench.inbox.unmatched() == {}, what="the list to be empty")
    bench.inbox.reload({"dogs": dogs})
    bench.until_ready()
    write(bench.root + "/late.heic")
    bench.until_quiet()
    assert len(bench.table.jobs) == 2


def test_files_that_still_settle_are_judged_by_the_new_rule(bench: Bench) -> None:
    bench.start(bench.rule(settle=3600.0, match=("*.mp3", "*.flac")))
    for name in ("a.mp3", "b.flac"):
        os.link(write(f"{bench.outside}/{name}", MP3), f"{bench.root}/{name}")
    wait_for(lambda: len(bench.inbox._settling) == 2, what="both to be waited for")
    bench.inbox.reload({"cats": bench.rule(match=("*.mp3",))})
    bench.until_ready()
    bench.until_quiet()
    assert bench.table.sources() == [bench.root + "/a.mp3"]
    assert bench.inbox.unmatched() == {"cats": [bench.root + "/b.flac"]}


def test_stopping_is_quick_and_leaves_no_thread(bench: Bench) -> None:
    before = set(threading.enumerate())
    bench.start(bench.rule(), bench.rule(name="dogs", inbox=bench.outside, watch="polling"))
    bench.inbox.stop()
    bench.inbox.stop()
    wait_for(lambda: set(threading.enumerate()) <= before, what="all threads to end")


def test_a_scan_gives_files_alone_and_skips_what_it_is_told(bench: Bench) -> None:
    os.makedirs(bench.root + "/a/skipped")
    for name in ("one.png", "a/two.png", "a/skipped/three.png"):
        write(f"{bench.root}/{name}", PNG)
    os.symlink("one.png", bench.root + "/link.png")
    odd: list[str] = []

    def paths(*, recursive: bool) -> set[str]:
        found = scan(
            bench.root,
            recursive=recursive,
            skip=lambda path: path.endswith("skipped"),
            on_odd=lambda path, _: odd.append(path),
        )
        return {each.path for each in found if isinstance(each, Found)}

    assert paths(recursive=True) == {bench.root + "/one.png", bench.root + "/a/two.png"}
    assert paths(recursive=False) == {bench.root + "/one.png"}
    assert odd == [bench.root + "/link.png"] * 2
    assert list(scan(bench.root + "/nowhere")) == [None]


def test_stopping_right_after_a_move_out_says_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The event is then still held back for its other half, which used to end in an error in the log."""
    bench.start()
    for number in range(5):
        os.rename(write(f"{bench.root}/{number}.png"), f"{bench.outside}/{number}.png")
        bench.restart()
    assert caplog.records == []
