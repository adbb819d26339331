"""Files that can't be used become failed jobs with plain words; what is only unlucky is tried again."""

import os
import socket
from pathlib import Path

import pytest

from tests.inbox.conftest import MP3, PNG, Bench
from tests.inbox.test_events import write
from tests.support import wait_for


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("empty.png", b"", "empty", "is empty"),
        ("cut.png", PNG[:-5], "ends_early", "Copy it into the inbox again"),
        ("zeros.jpg", bytes(4000), "ends_early", "only zeros"),
        ("page.jpg", b"<!DOCTYPE html><html>Sign in</html>", "not_media", "a web page"),
        ("text.jpg", b"just words", "not_media", "a text"),
        ("noise.png", bytes(range(1, 200)), "not_media", "none that is known"),
        ("sound.png", MP3, "not_media", "a sound"),
    ],
)
def test_a_file_that_cannot_be_used_fails_with_words(
    bench: Bench, name: str, data: bytes, code: str, words: str
) -> None:
    bench.start()
    job = bench.table.job(write(f"{bench.root}/{name}", data))
    assert job.fault_code == code
    assert words in (job.fault_message or "")


def test_a_picture_under_another_pictures_name_is_fine(bench: Bench) -> None:
    bench.start()
    assert bench.table.job(write(bench.root + "/cat.jpg")).fault_code is None


def test_a_file_over_the_limit_fails(bench: Bench) -> None:
    bench.start(bench.rule(max_size_mb=0.001))
    job = bench.table.job(write(bench.root + "/big.png", PNG + bytes(1000)))
    assert job.fault_code == "too_large"
    assert "0.001 MB" in (job.fault_message or "")
    assert bench.table.job(write(bench.root + "/small.png")).fault_code is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("Ein Maler am Fluß".encode(), None),
        (b"\xef\xbb\xbfa sunset", None),
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"caf\xe9 au lait", "not_text"),
        ("…".encode()[:-1], "ends_early"),
        (b"x" * 100_001, "too_large"),
    ],
)
def test_a_prompt_has_to_be_a_text(bench: Bench, data: bytes, code: str | None) -> None:
    bench.start(bench.rule(input=False))
    assert bench.table.job(write(bench.root + "/sunset.txt", data)).fault_code == code


def test_a_file_that_grows_whole_within_its_patience_does_not_fail(bench: Bench) -> None:
    bench.start(bench.rule(patience=60.0))
    path = write(bench.root + "/cat.png", PNG[:-5])
    wait_for(lambda: not bench.inbox.quiet(), what="the file to be seen")
    write(path)
    assert bench.table.job(path).fault_code is None


def test_a_file_that_vanishes_while_it_settles_is_forgotten(bench: Bench) -> None:
    bench.start(bench.rule(patience=60.0))
    path = write(bench.root + "/cat.png", PNG[:-5])
    wait_for(lambda: not bench.inbox.quiet(), what="the file to be seen")
    os.unlink(path)
    bench.until_quiet()
    assert bench.table.jobs == []


def test_unmatched_files_stay_and_are_listed_and_noted_once(bench: Bench) -> None:
    before = write(bench.root + "/a.heic", b"x")
    bench.start()
    after = write(bench.root + "/b.pdf", b"x")
    wait_for(lambda: sorted(bench.inbox.unmatched().get("cats", [])) == [before, after], what="both listed")
    bench.inbox.rescan()
    bench.until_quiet()
    assert len(bench.noted("fits no pattern")) == 2
    os.unlink(before)
    bench.inbox.rescan()
    bench.until_quiet()
    assert bench.inbox.unmatched() == {"cats": [after]}


def test_a_socket_is_noted_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.root)  # a socket's path may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("odd.png")
        bench.start()
        bench.inbox.rescan()
        bench.until_quiet()
    assert len(bench.noted("is a socket")) == 1
    assert bench.table.jobs == []


def test_files_that_could_not_be_recorded_are_offered_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.table.failures = 1
    bench.start()
    paths = [write(f"{bench.root}/{number}.png") for number in range(5)]
    wait_for(lambda: sorted(bench.table.sources()) == paths, what="all files")
    assert "the table is locked" in caplog.text


def test_a_tree_of_other_things_does_not_matter(bench: Bench, tmp_path: Path) -> None:
    os.symlink(bench.root, bench.root + "/loop")
    os.symlink("nowhere", bench.root + "/broken.png")
    bench.start()
    bench.table.job(write(bench.root + "/cat.png"))
    bench.until_quiet()
    assert len(bench.table.jobs) == 1


def test_a_file_that_waits_for_its_rest_is_listed_and_noted_once(bench: Bench) -> None:
    rule = bench.rule(patience=60.0)
    bench.start(rule)
    path = f"{rule.inbox}/half.png"
    write(path, PNG[:40])
    wait_for(lambda: bench.inbox.unfinished() == {rule.name: [path]}, 10.0, "the file to be listed")
    assert len(bench.noted("half.png")) == 1
    write(path, PNG)
    bench.table.job(path)
    assert bench.inbox.unfinished() == {}
