"""Sources: opened only if they are plain files, and known again only while nothing about them changed."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import Rejected, SourceChanged, SourceGone, SourceTrouble
from daemon.source import (
    LONGEST_TEXT,
    check_unchanged,
    identity_of,
    open_regular,
    open_source,
    read_text,
    read_through,
    reading,
    sha256_of,
)
from daemon.states import Job, State
from tests.files.conftest import Folder, another_user
from tests.support import wait_for


def opened(path: os.PathLike[str]) -> int:
    return os.open(path, os.O_RDONLY)


def in_its_place(job: Job, make: Callable[[str], object]) -> None:
    os.unlink(job.source)
    make(job.source)


def test_the_source_is_opened_as_it_was_recorded(folder: Folder) -> None:
    job = folder.job(data=b"x" * 3_000_000)
    descriptor = open_source(job)
    assert sha256_of(descriptor) == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    os.chmod(job.source, 0o600)  # makes no new file
    check_unchanged(descriptor, job)
    os.close(descriptor)


def test_a_write_while_it_is_read_is_noticed(folder: Folder) -> None:
    job = folder.job()
    descriptor = open_source(job)
    with open(job.source, "ab") as file:
        file.write(b"more")
    with pytest.raises(SourceChanged):
        check_unchanged(descriptor, job)
    os.close(descriptor)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_what_is_small_is_kept_as_it_was_hashed(folder: Folder, size: int) -> None:
    data = os.urandom(size)
    descriptor = open_source(folder.job(data=data))
    assert read_through(descriptor, keep=size) == (hashlib.sha256(data).hexdigest(), data)
    assert read_through(descriptor, keep=size - 1) == (hashlib.sha256(data).hexdigest(), None)
    os.close(descriptor)


@contextlib.contextmanager
def after_the_first_read(change: Callable[[], object]) -> Iterator[None]:
    """Have something happen once, right after the first bytes were read."""
    left = [change]

    def look(_: object, event: str, what: object) -> None:
        if event == "c_return" and what is os.pread and left:
            left.pop()()

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert not left


@pytest.mark.parametrize("size", [0, 5, 6, 7])
def test_what_changes_while_it_is_read_is_not_kept(folder: Folder, size: int) -> None:
    job = folder.job(data=b"source")
    descriptor, status = open_source(job), os.lstat(job.source)

    def change() -> None:
        Path(job.source).write_bytes(b"other!!"[:size])
        wait_for(set_back, 10, "the clock of ctimes, which ticks in milliseconds")

    def set_back() -> bool:
        os.utime(job.source, ns=(status.st_atime_ns, status.st_mtime_ns))
        return os.lstat(job.source).st_ctime_ns != status.st_ctime_ns

    with after_the_first_read(change):
        assert read_through(descriptor, keep=100)[1] is None
    os.close(descriptor)


def linked(path: str) -> None:
    os.symlink("/etc/hostname", path)


@pytest.mark.parametrize("make", [linked, os.mkfifo, os.mkdir, lambda path: Path(path).write_bytes(b"other!")])
def test_what_took_the_sources_place_is_not_read(folder: Folder, make: Callable[[str], object]) -> None:
    job = folder.job()
    in_its_place(job, make)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SourceChanged):
        open_source(job)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_source_that_is_gone(folder: Folder) -> None:
    job = folder.job("sub/cat.jpg")
    os.unlink(job.source)
    for lost in (job, folder.job(lies_at=None)):
        with pytest.raises(SourceGone):
            open_source(lost)
    os.rmdir(folder.inbox / "sub")
    (folder.inbox / "sub").write_bytes(b"now a file")
    with pytest.raises(SourceTrouble):
        open_source(job)


def test_a_source_that_may_not_be_read_is_rejected_in_plain_words(shared_path: Path) -> None:
    job = Folder(shared_path).job()
    os.chmod(job.source, 0)
    with another_user(), pytest.raises(Rejected, match="right to read") as caught:
        open_source(job)
    assert caught.value.code == "unreadable"


def test_only_plain_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("pipe", "link", ".", "missing"):
        with pytest.raises(OSError, match=str(tmp_path)):
            os.close(open_regular(str(tmp_path / name))[0])
    descriptor, status = open_regular(str(tmp_path / "file"))
    assert identity_of(status) == identity_of(os.lstat(tmp_path / "file"))
    os.close(descriptor)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_a_prompt_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str, mark: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "prompt.txt"
    path.write_bytes(text.encode("utf-8-sig" if mark else "utf-8"))
    descriptor = opened(path)
    expected = text.removeprefix("\ufeff").strip() if not mark else text.strip()
    try:
        if expected:
            assert read_text(descriptor) == expected
        else:
            with pytest.raises(Rejected, match="empty"):
                read_text(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"\xff\xfep\0", "not UTF-8"), (b"x" * (LONGEST_TEXT + 1), "larger than 1 MB"), (b" \n", "empty")],
)
def test_what_is_no_prompt_is_said_in_plain_words(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "prompt.txt").write_bytes(raw)
    descriptor = opened(tmp_path / "prompt.txt")
    with pytest.raises(Rejected, match=words) as caught:
        read_text(descriptor)
    os.close(descriptor)
    assert caught.value.code == "not_a_prompt"


def test_a_source_that_is_written_anew_while_it_is_read_has_changed(folder: Folder) -> None:
    job = folder.job(state=State.QUEUED)
    with pytest.raises(SourceChanged), reading(job):
        Path(job.source).write_bytes(b"")


def refuse(job: Job, *, emptied: bool) -> None:
    with reading(job):
        if emptied:
            Path(job.source).write_bytes(b"")
        raise Rejected("The file ends before its end.", code="cut_short")


def test_a_source_that_is_refused_while_it_is_written_anew_is_not_to_blame(folder: Folder) -> None:
    """A program that opens a file anew empties it first, and what looks at it then finds that it ends early."""
    job = folder.job(state=State.QUEUED)
    with pytest.raises(Rejected, match="ends before"):
        refuse(job, emptied=False)
    with pytest.raises(SourceChanged):
        refuse(job, emptied=True)
