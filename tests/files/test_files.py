"""Steps on files: nothing is overwritten, nothing half is left, and leftovers of a kill do no harm."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon import files
from tests.files.conftest import Mount, another_user, tree

Step = Callable[[str, str], object]
STEPS: list[Step] = [files.rename_noreplace, files.move_noreplace, files.link_noreplace]


@pytest.mark.parametrize("step", STEPS)
def test_a_taken_name_is_never_overwritten(tmp_path: Path, step: Step) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        step(str(source), str(target))
    assert tree(tmp_path) == {"a": b"new", "b": b"old"}
    target.unlink()
    target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        step(str(source), str(target))
    assert os.readlink(target) == str(tmp_path / "nowhere")


@pytest.mark.parametrize("step", STEPS)
def test_of_many_that_want_a_name_one_gets_it(tmp_path: Path, step: Step) -> None:
    for number in range(16):
        (tmp_path / str(number)).write_bytes(b"%d" % number)

    def one(number: int) -> bool:
        try:
            step(str(tmp_path / str(number)), str(tmp_path / "name"))
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(one, range(16)))
    assert sum(won) == 1
    assert (tmp_path / "name").read_bytes() == b"%d" % won.index(True)


@pytest.mark.parametrize("step", STEPS)
def test_a_source_that_is_gone_leaves_no_name(tmp_path: Path, step: Step) -> None:
    with pytest.raises(FileNotFoundError):
        step(str(tmp_path / "a"), str(tmp_path / "b"))
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["x" * 255, "日" * 85, "\udcff\udcfe\n'\"", "-rf", " "])
def test_names_of_any_bytes_are_moved(tmp_path: Path, name: str) -> None:
    source, target = os.path.join(tmp_path, "a"), os.path.join(tmp_path, name)
    files.write_file(target, b"first")
    files.write_file(target, b"second")
    os.rename(target, source)
    files.rename_noreplace(source, target)
    assert tree(tmp_path) == {name: b"second"}


def test_a_move_over_a_mounts_border_is_a_whole_copy(tmp_path: Path, mount: Mount) -> None:
    mount(tmp_path / "other", "-t", "tmpfs", "tmpfs")
    source, target = tmp_path / "a", tmp_path / "other" / "b"
    source.write_bytes(b"x" * 3_000_000)
    os.utime(source, ns=(1, 1_234_567_890_123_456_789))
    with pytest.raises(OSError, match="cross-device") as caught:
        files.rename_noreplace(str(source), str(target))
    assert caught.value.errno == errno.EXDEV
    files.move_noreplace(str(source), str(target))
    assert tree(tmp_path) == {"other/b": b"x" * 3_000_000}
    assert target.stat().st_mtime_ns == 1_234_567_890_123_456_789
    source.write_bytes(b"again")
    with pytest.raises(FileExistsError):
        files.move_noreplace(str(source), str(target))
    assert tree(tmp_path) == {"a": b"again", "other/b": b"x" * 3_000_000}


def test_a_move_to_a_full_mount_leaves_the_source_alone(tmp_path: Path, mount: Mount) -> None:
    mount(tmp_path / "other", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    (tmp_path / "a").write_bytes(b"x" * 1_000_000)
    with pytest.raises(OSError, match="No space left"):
        files.move_noreplace(str(tmp_path / "a"), str(tmp_path / "other" / "b"))
    assert tree(tmp_path) == {"a": b"x" * 1_000_000}


def test_a_temporary_file_goes_with_an_error_and_stays_without(tmp_path: Path) -> None:
    path = str(tmp_path / "draft")

    def interrupted() -> None:
        with files.temporary_file(path) as descriptor:
            files.write_all(descriptor, b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert tree(tmp_path) == {}
    with files.temporary_file(path) as descriptor:
        files.write_all(descriptor, b"whole")
    assert tree(tmp_path) == {"draft": b"whole"}


def test_a_leftover_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"published")
    os.link(kept, tmp_path / "draft")
    with files.temporary_file(str(tmp_path / "draft")) as descriptor:
        files.write_all(descriptor, b"new")
    assert tree(tmp_path) == {"kept": b"published", "draft": b"new"}
    (tmp_path / "draft").unlink()
    (tmp_path / "draft").symlink_to(kept)
    with files.temporary_file(str(tmp_path / "draft")) as descriptor:
        files.write_all(descriptor, b"newer")
    assert tree(tmp_path) == {"kept": b"published", "draft": b"newer"}


def test_small_files_are_put_in_place_side_by_side(tmp_path: Path) -> None:
    names = ["x" * 240 + str(number) for number in range(10)]

    def write(name: str) -> None:
        for _ in range(20):
            files.write_file(os.path.join(tmp_path, name), os.fsencode(name))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, names))
    assert tree(tmp_path) == {name: os.fsencode(name) for name in names}


def test_directories_are_made_below_a_root_that_is_there(tmp_path: Path) -> None:
    made = files.make_directories(str(tmp_path), "a/b//c")
    assert made == str(tmp_path / "a/b/c")
    assert os.path.isdir(made)
    assert files.make_directories(str(tmp_path), "a/b/c") == made
    assert files.make_directories(str(tmp_path), "") == str(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.make_directories(str(tmp_path / "missing"), "a")
    assert os.listdir(tmp_path) == ["a"]


def test_another_users_file_is_put_away_all_the_same(shared_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make another user's file")
    (shared_path / "a").write_bytes(b"root's")
    with another_user():
        files.rename_noreplace(str(shared_path / "a"), str(shared_path / "b"))
    assert tree(shared_path) == {"b": b"root's"}


def test_the_first_free_number_is_taken() -> None:
    def attempt(taken: int) -> str:
        if taken < 3:
            raise FileExistsError
        return f"~{taken}"

    assert files.first_free(attempt) == "~3"
