"""Making folders: with their parents, and never where a mount is missing."""

import os
from pathlib import Path

from daemon.config import Settings, make_folders, remembered_mounts
from tests.config.texts import folder, settings


def of(base: Path) -> Settings:
    text = f'state_dir = "{base}/state/deep"\n' + folder(inbox=f'"{base}/nas/in"', outbox=f'"{base}/out"')
    return settings(text)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_what_is_missing_is_made_with_its_parents(tmp_path: Path) -> None:
    assert make_folders(of(tmp_path), {}, lambda _: "/") == []
    assert (tmp_path / "nas/in").is_dir()
    assert (tmp_path / "out").is_dir()
    assert mode(tmp_path / "state/deep") == 0o700
    assert make_folders(of(tmp_path), {}, lambda _: "/") == []


def test_the_directory_of_the_table_is_made_too(tmp_path: Path) -> None:
    text = f'state_dir = "{tmp_path}/state"\n[database]\nurl = "sqlite:///{tmp_path}/table/jobs.db"\n'
    assert (
        make_folders(settings(text + folder(inbox=f'"{tmp_path}/i"', outbox=f'"{tmp_path}/o"')), {}, lambda _: "/")
        == []
    )
    assert mode(tmp_path / "table") == 0o700


def test_the_group_of_a_setgid_parent_is_kept(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "nas").chmod(0o2775)
    make_folders(of(tmp_path), {}, lambda _: "/")
    assert mode(tmp_path / "nas/in") & 0o2000


def test_no_look_alike_where_a_mount_is_gone(tmp_path: Path) -> None:
    nas = str(tmp_path / "nas")
    before = {f"{nas}/in": nas, f"{tmp_path}/out": "/"}
    (found,) = make_folders(of(tmp_path), before, lambda _: "/")
    assert (found.key, nas in found.wrong) == ("folders.cats.inbox", True)
    assert not os.path.exists(nas)
    assert (tmp_path / "out").is_dir()
    # also where a folder of that name lies beneath the mount point
    os.makedirs(f"{nas}/in")
    assert [fault.key for fault in make_folders(of(tmp_path), before, lambda _: "/")] == ["folders.cats.inbox"]
    assert make_folders(of(tmp_path), before, lambda path: nas if path.startswith(nas) else "/") == []


def test_a_file_system_mounted_since_is_no_fault(tmp_path: Path) -> None:
    before = {f"{tmp_path}/nas/in": "/", f"{tmp_path}/out": "/"}
    assert make_folders(of(tmp_path), before, lambda _: str(tmp_path)) == []


def test_mounts_are_remembered_of_folders_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert remembered_mounts(of(tmp_path), lambda _: "/") == {f"{tmp_path}/out": "/"}


def test_what_can_not_be_made_is_a_fault_and_the_others_are_made(tmp_path: Path) -> None:
    (tmp_path / "nas").write_text("a file")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/deep").symlink_to("nowhere")
    found = make_folders(of(tmp_path), {}, lambda _: "/")
    assert [fault.key for fault in found] == ["state_dir", "folders.cats.inbox"]
    assert "not a folder" in found[0].wrong
    assert "not a directory" in found[1].wrong
    assert (tmp_path / "out").is_dir()
