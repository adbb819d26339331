"""Bad files, odd names and things that are no files, dropped on a running daemon: each ends as it must, alone."""

import hashlib
import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from daemon.sandbox.misbehaviour import png_bomb
from daemon.states import Job, State
from tests.conftest import Figure
from tests.daemon.corpus import NAMES, Dropped, corpus
from tests.daemon.house import FOLDER, House, files_below
from tests.daemon.process import jobs_of, running
from tests.daemon.samples import picture
from tests.support import wait_for

FOLDERS: Mapping[str, Mapping[str, Any]] = {
    "pictures": {"max_size_mb": 2, "match": ["*.*"]},
    "movies": {"kind": "video", "input": "video"},
    "sounds": {"kind": "audio", "input": "audio"},
    "texts": {"input": False},
    "names": {},
    "bad names": {},
}


def test_each_file_ends_as_it_must_and_nothing_else_is_uploaded(house: House, figure: Figure) -> None:
    """All at once: what can't be used goes to failed/ with the reason, everything else through, byte for byte."""
    house.configure(FOLDERS)
    dropped = corpus()
    with running(house) as process:
        for each in dropped:
            house.drop(each.name, each.data, each.folder)
        jobs = {(job.folder, job.name): job for job in all_ended(house, len(dropped))}
        assert process.terminate() == 0
        assert "Traceback" not in process.log
    for each in dropped:
        check_job(jobs[each.folder, each.name], each)
    good = [each for each in dropped if each.code is None]
    assert uploads(house) == {hashlib.sha256(each.data).hexdigest(): 1 for each in good}
    check_places(house, dropped)
    figure("bad files and odd names dropped", len(dropped))


def all_ended(house: House, number: int) -> list[Job]:
    """Wait until there are `number` jobs, and all have ended and their sources are put away."""

    def over() -> list[Job]:
        jobs = jobs_of(house)
        return jobs if len(jobs) == number and all(job.put_away for job in jobs) else []

    return wait_for(over, 40, "all jobs to end")


def check_job(job: Job, dropped: Dropped) -> None:
    expected = (State.DONE, None) if dropped.code is None else (State.FAILED, dropped.code)
    assert (job.state, job.error_code) == expected, dropped.name
    assert job.sha256 == (hashlib.sha256(dropped.data).hexdigest() if dropped.code is None else None)


def uploads(house: House) -> dict[str, int]:
    return house.sandbox.uploads_by_sha256()


def check_places(house: House, dropped: list[Dropped]) -> None:
    """See that the good lie in done/ with their result in the outbox, the bad in failed/ with their error file."""
    for folder in FOLDERS:
        here = [each for each in dropped if each.folder == folder]
        done = {os.path.join("done", each.name): each.data for each in here if each.code is None}
        failed = {os.path.join("failed", each.name): each.data for each in here if each.code is not None}
        found = files_below(house.inbox(folder))
        reasons = [path for path in found if path.endswith(".error.txt")]
        assert {path: data for path, data in found.items() if path not in reasons} == done | failed
        assert len(reasons) == len(failed)
        assert sorted(house.results(folder).values()) == sorted(done.values())


def test_a_picture_that_unpacks_to_gigabytes_costs_no_memory(house: House, figure: Figure) -> None:
    """The service refuses such a picture, or gives one back, which is held; nobody here unpacks it."""
    house.configure({"pictures": {"model": "google/nano-banana-2/edit", "input": "images[]"}, "echoes": {}})
    bomb = png_bomb(60_000, 60_000)
    with running(house) as process:
        house.drop("warm.png", picture(), "echoes")
        all_ended(house, 1)
        before = process.memory()
        house.drop("bomb.png", bomb, "pictures")
        house.drop("bomb.png", bomb, "echoes")
        wait_for(lambda: ends(house) == {("pictures", "failed"), ("echoes", "held"), ("echoes", "done")}, 20)
        grown = process.memory() - before
        held = next(job for job in jobs_of(house) if job.state is State.HELD)
    figure("memory grown by pictures of 3.6 gigapixels, MB", round(grown / 1e6, 1))
    assert grown < 50_000_000
    assert held.error_code == "result_refused"
    assert list(house.results("echoes")) == ["warm.png"]
    assert os.path.exists(house.inbox("pictures", "failed", "bomb.png.error.txt"))


def ends(house: House) -> set[tuple[str, str]]:
    """Give folder and state of the jobs that are held, or have ended with their source put away."""
    over = [job for job in jobs_of(house) if job.put_away or job.state is State.HELD]
    return {(job.folder, str(job.state)) for job in over}


# Things that are no files


class Opened(FileSystemEventHandler):
    """Notes what anybody opens in directories."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        self.paths.add(os.fsdecode(event.src_path))


@contextmanager
def opened_in(*directories: str) -> Iterator[set[str]]:
    """Give the set of paths that are opened in these directories meanwhile; it grows."""
    handler, observer = Opened(), Observer()
    for directory in directories:
        observer.schedule(handler, directory, event_filter=[FileOpenedEvent])
    observer.start()
    try:
        yield handler.paths
    finally:
        observer.stop()
        observer.join()


def linked(path: str, secret: str) -> None:
    os.symlink(secret, path)


def dangling(path: str, secret: str) -> None:
    os.symlink("nowhere", path)


def linked_directory(path: str, secret: str) -> None:
    os.symlink(os.path.dirname(secret), path)


def pipe(path: str, secret: str) -> None:
    os.mkfifo(path)


def bound(path: str, secret: str) -> None:
    back = os.getcwd()
    os.chdir(os.path.dirname(path))  # a socket's path may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.basename(path))
    os.chdir(back)


def device(path: str, secret: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make device nodes")
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero, which never ends


def directory(path: str, secret: str) -> None:
    os.mkdir(path)


KINDS = [linked, dangling, linked_directory, pipe, bound, device, directory]


@pytest.mark.parametrize("make", KINDS)
def test_what_is_no_file_is_never_opened_and_noted_once(
    house: House, make: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    secret = os.path.join(house.base, "elsewhere", "secret.png")
    house.put(secret, picture(9))
    odd = house.inbox(FOLDER, "odd.png")
    with opened_in(house.inbox(), os.path.dirname(secret)) as opened:
        make(odd, secret)
        good = house.drop("good.png", picture(1))
        house.until(good)
        for _ in range(2):
            house.daemon.parts.inbox.rescan()
            house.until_rest()
        wait_for(lambda: good in opened, 10, "the opening of the good file to be told")
        assert {odd, secret} & opened == set()
    assert [job.source for job in house.jobs()] == [good]
    assert os.path.lexists(odd), "it stays where it is"
    noted = [line for line in caplog.messages if "odd.png" in line]
    assert len(noted) == (0 if make is directory else 1)


@pytest.mark.parametrize("make", KINDS)
def test_a_file_that_becomes_something_else_while_it_waits_is_not_uploaded(
    house: House, make: Callable[[str, str], None]
) -> None:
    house.start()
    house.daemon.parts.actions.pause()
    secret = os.path.join(house.base, "elsewhere", "secret.png")
    house.put(secret, picture(9))
    source = house.drop("odd.png", picture(1))
    house.until(source, State.QUEUED)
    os.unlink(source)
    make(source, secret)
    with opened_in(os.path.dirname(secret)) as opened:
        house.daemon.parts.actions.resume()
        job = house.until(source, State.CANCELLED)
        house.until(house.drop("good.png", picture(2)))
        assert secret not in opened
    assert job.error_code in {"source_changed", "source_gone"}
    assert uploads(house) == {hashlib.sha256(picture(2)).hexdigest(): 1}
    assert os.path.lexists(source)


@pytest.mark.parametrize("make", [linked, pipe, directory])
@pytest.mark.parametrize("extension", ["txt", "toml"])
def test_a_sidecar_that_is_no_file_fails_its_file_unread(
    house: House, make: Callable[[str, str], None], extension: str
) -> None:
    """Who may write to an inbox must not have other files of the service's user sent away as prompts."""
    house.start()
    secret = os.path.join(house.base, "elsewhere", "secret.txt")
    house.put(secret, b"the service's own secret")
    make(house.inbox(FOLDER, f"cat.png.{extension}"), secret)
    with opened_in(os.path.dirname(secret)) as opened:
        house.until_failed(house.drop("cat.png", picture(1)), "bad_sidecar")
        assert opened == set()
    assert house.sent() == []


def test_each_name_is_in_the_corpus_as_the_kernel_takes_it(house: House) -> None:
    """The names reach the disk as they are, and no two of them are one file there."""
    house.configure()
    os.makedirs(house.inbox())
    for stem in NAMES:
        house.drop(os.fsdecode(stem + b".png"), b"")
    assert sorted(os.listdir(os.fsencode(house.inbox()))) == sorted(stem + b".png" for stem in NAMES)
    assert max(len(stem + b".png") for stem in NAMES) == 255
