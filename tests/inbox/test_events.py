"""Files that events tell of: however they come into an inbox, each is one job, and as soon as it is whole."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.inbox.conftest import MP3, PNG, Bench
from tests.support import wait_for


def write(path: str, data: bytes = PNG) -> str:
    with open(path, "wb") as file:
        file.write(data)
    return path


def test_a_written_file_is_a_job(bench: Bench) -> None:
    bench.start()
    path = write(bench.root + "/cat.png")
    job = bench.table.job(path)
    status = os.stat(path)
    assert (job.folder, job.model, job.size) == ("cats", "maker/model", len(PNG))
    assert job.identity == f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
    assert job.fault_code is None


def test_a_file_that_events_and_scans_see_is_added_once(bench: Bench) -> None:
    bench.start()
    for number in range(30):
        write(f"{bench.root}/{number}.png")
        bench.inbox.rescan()
    bench.until_quiet()
    bench.inbox.rescan("cats")
    bench.until_quiet()
    assert len(bench.table.jobs) == bench.table.offered == 30


def test_a_slow_writer_is_waited_for(bench: Bench) -> None:
    bench.start(bench.rule(patience=30.0))
    path = bench.root + "/slow.png"
    for end in range(1, len(PNG) - 1, 9):
        write(path, PNG[:end])  # closes each time, as some copiers do
    wait_for(lambda: not bench.inbox.quiet(), what="the file to be seen")
    assert bench.table.jobs == []
    write(path)
    assert bench.table.job(path).size == len(PNG)
    assert len(bench.table.jobs) == 1


def test_a_writer_that_never_closes_is_noticed_by_what_it_wrote(bench: Bench) -> None:
    bench.start(bench.rule(patience=30.0))
    path = bench.root + "/open.png"
    with open(path, "wb", buffering=0) as file:
        file.write(PNG[:40])
        wait_for(lambda: not bench.inbox.quiet(), what="the file to be seen")
        file.write(PNG[40:])
        assert bench.table.job(path).size == len(PNG)


def test_a_placeholder_waits_for_its_content(bench: Bench) -> None:
    """A browser makes an empty file first and moves the download over it."""
    bench.start(bench.rule(patience=30.0))
    path = bench.root + "/cat.png"
    write(path, b"")
    part = write(bench.root + "/cat.x.png.part")
    os.rename(part, path)
    assert bench.table.job(path).size == len(PNG)


def test_a_rename_inside_and_a_move_in_are_taken_at_once(bench: Bench) -> None:
    bench.start(bench.rule(settle=3600.0, match=("*.mp3",)))
    os.rename(write(bench.root + "/one.mp3.part", MP3), bench.root + "/one.mp3")
    os.rename(write(bench.outside + "/two.mp3", MP3), bench.root + "/two.mp3")
    bench.table.job(bench.root + "/one.mp3")
    bench.table.job(bench.root + "/two.mp3")


def test_a_hard_link_is_taken_when_nothing_changes(bench: Bench) -> None:
    bench.start()
    os.link(write(bench.outside + "/cat.png"), bench.root + "/cat.png")
    os.link(write(bench.outside + "/cat.mp3", MP3), bench.root + "/cat.jpg.mp3")
    bench.table.job(bench.root + "/cat.png")


def test_a_directory_moved_in_brings_its_files(bench: Bench) -> None:
    bench.start()
    os.makedirs(bench.outside + "/album/inner")
    write(bench.outside + "/album/a.png")
    write(bench.outside + "/album/inner/b.png")
    os.rename(bench.outside + "/album", bench.root + "/album")
    bench.table.job(bench.root + "/album/a.png")
    bench.table.job(bench.root + "/album/inner/b.png")
    bench.table.job(write(bench.root + "/album/inner/later.png"))
    os.rename(bench.root + "/album", bench.root + "/renamed")
    bench.table.job(bench.root + "/renamed/a.png")
    bench.table.job(write(bench.root + "/renamed/inner/last.png"))


def test_directories_that_take_each_others_places_do_not_end_the_watch(bench: Bench) -> None:
    """One is moved out, another takes its name and is moved on, the first is deleted: watchdog's thread died."""
    bench.start()
    os.mkdir(bench.root + "/a")
    bench.table.job(write(bench.root + "/a/first.png"))
    os.rename(bench.root + "/a", bench.outside + "/a")
    os.mkdir(bench.root + "/a")
    bench.table.job(write(bench.root + "/a/second.png"))
    os.rename(bench.root + "/a", bench.root + "/b")
    bench.table.job(bench.root + "/b/second.png")
    shutil.rmtree(bench.outside + "/a")
    bench.table.job(write(bench.root + "/b/third.png"))
    assert bench.inbox._watcher.alive()


def test_files_in_directories_that_are_just_being_made_are_not_lost(bench: Bench) -> None:
    bench.start()
    paths = []

    def fill(top: str) -> None:
        for number in range(15):
            directory = f"{bench.root}/{top}/{number}/deep/deeper"
            os.makedirs(directory)
            paths.append(write(directory + "/cat.png"))

    threads = [threading.Thread(target=fill, args=(top,)) for top in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: set(bench.table.sources()) == set(paths), what="all files")
    bench.until_quiet()
    assert len(bench.table.jobs) == 30


def test_a_plain_inbox_leaves_subfolders_alone(bench: Bench) -> None:
    os.mkdir(bench.root + "/sub")
    write(bench.root + "/sub/before.png")
    bench.start(bench.rule(recursive=False))
    write(bench.root + "/sub/after.png")
    os.rename(write(bench.root + "/x.part"), bench.root + "/cat.png")
    bench.table.job(bench.root + "/cat.png")
    bench.inbox.rescan()
    bench.until_quiet()
    assert bench.table.sources() == [bench.root + "/cat.png"]


def test_an_inbox_behind_a_link_keeps_its_name(bench: Bench, tmp_path: Path) -> None:
    os.symlink(bench.root, tmp_path / "link")
    link = str(tmp_path / "link")
    bench.start(bench.rule(inbox=link))
    write(bench.root + "/cat.png")
    bench.table.job(link + "/cat.png")
    bench.inbox.rescan()
    bench.until_quiet()
    assert bench.table.sources() == [link + "/cat.png"]


ODD = [
    b"\xff\xfe\x80.png",
    b"line\nbreak.png",
    b"-rf.png",
    b"a'b\"c $(x) %s.png",
    b"x" * 251 + b".png",
    "e\u0301.png".encode(),
    "\u00e9.png".encode(),
    b"Cat.png",
    b"cat.png",
]


def test_odd_names_are_names(bench: Bench) -> None:
    before = [os.fsdecode(os.path.join(os.fsencode(bench.root), name)) for name in ODD[::2]]
    for path in before:
        write(path)
    bench.start()
    after = [os.fsdecode(os.path.join(os.fsencode(bench.root), name)) for name in ODD[1::2]]
    for path in after:
        write(path)
    for path in before + after:
        bench.table.job(path)


def test_what_is_put_away_and_what_programs_leave_is_no_input(bench: Bench) -> None:
    os.makedirs(bench.root + "/done")
    os.makedirs(bench.root + "/failed")
    write(bench.root + "/failed/old.png")
    bench.start()
    for name in (".hidden.png", "cat.png.part", "done/cat.png", "cat.png.txt", "Thumbs.db", "x.png.json"):
        write(f"{bench.root}/{name}")
    path = bench.table.job(write(bench.root + "/cat.png")).source
    os.rename(path, bench.root + "/done/cat.png")
    bench.inbox.rescan()
    bench.until_quiet()
    assert bench.table.sources() == [path]
    assert bench.inbox.unmatched() == {}


def test_a_file_moved_back_from_failed_is_tried_anew_and_its_error_file_goes(bench: Bench) -> None:
    os.makedirs(bench.root + "/failed/sub")
    write(bench.root + "/failed/sub/cat.png")
    paper = write(bench.root + "/failed/sub/cat.png.error.txt", b"why")
    other = write(bench.root + "/failed/other.png.error.txt", b"why")
    write(bench.root + "/failed/other.png")
    bench.start()
    os.mkdir(bench.root + "/sub")
    os.rename(bench.root + "/failed/sub/cat.png", bench.root + "/sub/cat.png")
    bench.table.job(bench.root + "/sub/cat.png")
    bench.table.job(write(bench.root + "/other.png"))
    assert not os.path.exists(paper)
    assert os.path.exists(other), "its source is still there"


def test_a_file_that_is_replaced_is_another_job(bench: Bench) -> None:
    bench.start()
    path = write(bench.root + "/cat.png")
    bench.table.job(path)
    os.replace(write(bench.outside + "/new.png", PNG + b"\0"), path)
    wait_for(lambda: len(bench.table.jobs) == 2, what="the second job")


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_is_no_file_is_never_opened(bench: Bench, kind: str) -> None:
    target = write(bench.outside + "/target.png")
    bench.start()
    path = bench.root + "/odd.png"
    if kind == "link":
        os.symlink(target, path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        os.mkdir(path)
        bench.table.job(write(path + "/inner.png"))
    for _ in range(3):
        bench.inbox.rescan()
        bench.until_quiet()
    if kind == "directory":
        assert bench.table.sources() == [path + "/inner.png"]
    else:
        assert bench.table.jobs == []
        assert len(bench.noted("odd.png")) == 1, "noted once"
