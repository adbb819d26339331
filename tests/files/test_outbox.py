"""Results on their way out: complete when visible, never over another file, and there once whatever happens.

These hold with and without hard links: `test_poor_file_systems.py` runs them again where there are none.
"""

import grp
import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon.config import FolderRule
from daemon.errors import Blocked, Transient
from daemon.results import outbox
from daemon.states import Job
from tests.files.conftest import Folder, Mount, another_user, tree

Take = Callable[[bytes], object]
RESULT = b"result" * 1000


def png(descriptor: int, size: int) -> str:
    return ".png"


def fetch(take: Take) -> None:
    take(RESULT[:7])
    take(RESULT[7:])


def record(name: str) -> str:
    return json.dumps({"result": name})


def draft(job: Job, rule: FolderRule, index: int = 1) -> outbox.Draft:
    directory = outbox.directory_for(job, rule)
    return outbox.write_draft(job, rule, directory, index, fetch, png)


def deliver(job: Job, rule: FolderRule, index: int = 1) -> str:
    """Do what the download stage does, from wherever an earlier way here was broken off."""
    found = outbox.published(job, outbox.directory_for(job, rule), index, png)
    if found is not None:
        return found
    return outbox.publish(job, rule, draft(job, rule, index), record if rule.provenance else None)


def visible(folder: Folder) -> dict[str, bytes]:
    return {name: data for name, data in tree(folder.outbox).items() if "/." not in f"/{name}"}


def with_records(*names: str) -> dict[str, bytes]:
    records = {f"{name}.json": json.dumps({"result": os.path.basename(name)}).encode() for name in names}
    return {**dict.fromkeys(names, RESULT), **records}


# Names


def test_a_result_and_its_record_appear_under_the_sources_stem(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    assert deliver(job, rule) == str(folder.outbox / "cat.png")
    assert visible(folder) == with_records("cat.png")
    outbox.clear_drafts(job, rule)
    assert tree(folder.outbox) == with_records("cat.png")


def test_without_provenance_there_is_no_record(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule(provenance=False)
    deliver(job, rule)
    outbox.clear_drafts(job, rule)
    assert tree(folder.outbox) == {"cat.png": RESULT}


def test_several_results_are_numbered_and_their_subfolders_kept(folder: Folder) -> None:
    job, rule = folder.absent("a/b/cat.jpg", result_urls=("u", "u", "u")), folder.rule(provenance=False)
    for index in (1, 2, 3):
        deliver(job, rule, index)
    outbox.clear_drafts(job, rule)
    assert tree(folder.outbox) == dict.fromkeys(["a/b/cat.png", "a/b/cat-2.png", "a/b/cat-3.png"], RESULT)


@pytest.mark.parametrize("taken", ["cat.png", "cat.png.json"])
def test_a_taken_name_is_left_alone_and_the_pair_keeps_together(folder: Folder, taken: str) -> None:
    (folder.outbox / taken).write_bytes(b"another's")
    (folder.outbox / "cat~1.png").symlink_to("nowhere")
    assert deliver(folder.absent(), folder.rule()) == str(folder.outbox / "cat~2.png")
    (folder.outbox / "cat~1.png").unlink()
    assert visible(folder) == {taken: b"another's", **with_records("cat~2.png")}


def test_many_results_that_want_one_name_all_arrive(folder: Folder) -> None:
    jobs, rule = [folder.absent(id=number) for number in range(1, 13)], folder.rule()
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda job: deliver(job, rule), jobs))
    names = {"cat.png", *(f"cat~{number}.png" for number in range(1, 12))}
    assert {os.path.basename(path) for path in paths} == names
    assert visible(folder) == with_records(*names)


@pytest.mark.parametrize(
    "stem", ["x" * 251, "日" * 83, "\udcff\udc80\n'\"$(rm)", "-rf", "a.b", "🐈" * 62, "CAT", "\x01"]
)
def test_names_of_any_bytes_and_length_arrive(folder: Folder, stem: str) -> None:
    jobs, rule = [folder.absent(f"{stem}.jpg", id=number) for number in (1, 2)], folder.rule()
    for job in jobs:
        path = deliver(job, rule)
        assert len(os.fsencode(os.path.basename(path))) <= 250
        assert os.fsencode(os.path.basename(path)).startswith(os.fsencode(stem)[:200])
        assert deliver(job, rule) == path
    for job in jobs:
        outbox.clear_drafts(job, rule)
    assert len(tree(folder.outbox)) == 4


def test_a_source_from_elsewhere_gets_no_place_outside_the_outbox(folder: Folder) -> None:
    job = folder.absent("../elsewhere/cat.jpg")
    assert deliver(job, folder.rule()) == str(folder.outbox / "cat.png")
    outbox.clear_drafts(job, folder.rule())
    assert tree(folder.outbox) == with_records("cat.png")


# Kills


def test_after_a_kill_the_result_is_found_and_not_made_again(folder: Folder) -> None:
    (folder.outbox / "cat.png").write_bytes(b"another's")
    job, rule = folder.absent(), folder.rule()
    first = deliver(job, rule)
    before = tree(folder.outbox)
    assert deliver(job, rule) == first == str(folder.outbox / "cat~1.png")
    assert tree(folder.outbox) == before


def test_a_kill_before_the_name_is_given_leaves_nothing_visible(folder: Folder) -> None:
    job, rule = folder.absent(), folder.rule()
    draft(job, rule)
    assert visible(folder) == {}
    deliver(job, rule)
    assert visible(folder) == with_records("cat.png")


def test_drafts_of_one_job_are_no_others(folder: Folder) -> None:
    rule = folder.rule()
    first, second = folder.absent(id=1), folder.absent(id=2)
    paths = deliver(first, rule), deliver(second, rule)
    assert (deliver(first, rule), deliver(second, rule)) == paths
    outbox.clear_drafts(first, rule)
    assert deliver(second, rule) == paths[1]
    outbox.clear_drafts(second, rule)
    assert tree(folder.outbox) == with_records("cat.png", "cat~1.png")


def test_clearing_may_be_repeated_and_needs_no_outbox(folder: Folder) -> None:
    job, rule = folder.absent("sub/cat.jpg"), folder.rule()
    outbox.clear_drafts(job, rule)
    deliver(job, rule)
    outbox.clear_drafts(job, rule)
    outbox.clear_drafts(job, rule)
    assert tree(folder.outbox) == with_records("sub/cat.png")


# What goes wrong


def test_a_download_that_breaks_off_leaves_nothing(folder: Folder) -> None:
    def broken(take: Take) -> None:
        take(b"half")
        raise Transient("cut")

    with pytest.raises(Transient, match="cut"):
        outbox.write_draft(folder.absent(), folder.rule(), str(folder.outbox), 1, broken, png)
    assert tree(folder.outbox) == {}


def test_what_is_not_let_in_leaves_nothing(folder: Folder) -> None:
    def refuse(descriptor: int, size: int) -> str:
        assert os.pread(descriptor, size, 0) == RESULT
        raise Transient("a web page")

    with pytest.raises(Transient, match="web page"):
        outbox.write_draft(folder.absent(), folder.rule(), str(folder.outbox), 1, fetch, refuse)
    assert tree(folder.outbox) == {}


def test_a_full_outbox_blocks_its_folder_and_holds_no_half_file(folder: Folder, mount: Mount) -> None:
    mount(folder.outbox, "-t", "tmpfs", "-o", "size=1M", "tmpfs")
    rule = folder.rule()

    def large(take: Take) -> None:
        for _ in range(40):
            take(b"x" * 100_000)

    with pytest.raises(Blocked, match="no space left") as caught:
        outbox.write_draft(folder.absent(), rule, str(folder.outbox), 1, large, png)
    assert caught.value.code == "folder"
    assert tree(folder.outbox) == {}
    with pytest.raises(Blocked, match="no room"):
        outbox.check_room(rule)
    deliver(folder.absent(), rule)  # as soon as it fits
    assert visible(folder) == with_records("cat.png")


def test_an_outbox_without_inodes_holds_no_record_alone(folder: Folder, mount: Mount) -> None:
    # the root, and two files: enough for the draft and the record, not for a note
    mount(folder.outbox, "-t", "tmpfs", "-o", "nr_inodes=3", "tmpfs")
    for _ in range(2):
        (folder.outbox / "filler").touch()
        with pytest.raises(Blocked):
            deliver(folder.absent(), folder.rule())
        assert visible(folder) == {"filler": b""}
        (folder.outbox / "filler").unlink()


def test_a_read_only_outbox_blocks_its_folder(folder: Folder, mount: Mount) -> None:
    rule = folder.rule()
    mount(folder.outbox, "--bind", str(folder.outbox))
    mount(folder.outbox, "-o", "remount,ro,bind")
    with pytest.raises(Blocked, match="read-only"):
        draft(folder.absent(), rule)
    with pytest.raises(Blocked, match="can't be written"):
        outbox.check_room(rule)
    with pytest.raises(Blocked, match="read-only"):
        outbox.directory_for(folder.absent("sub/cat.jpg"), rule)


def test_an_outbox_that_may_not_be_written_blocks_its_folder(shared_path: Path) -> None:
    folder = Folder(shared_path)
    with another_user():
        with pytest.raises(Blocked, match="permission denied"):
            draft(folder.absent(), folder.rule())
        with pytest.raises(Blocked, match="permission denied"):
            outbox.directory_for(folder.absent("sub/cat.jpg"), folder.rule())
    assert tree(folder.outbox) == {}


@pytest.mark.parametrize("source", ["cat.jpg", "sub/cat.jpg"])
def test_a_missing_outbox_is_never_made_again(folder: Folder, source: str) -> None:
    os.rmdir(folder.outbox)
    job, rule = folder.absent(source), folder.rule()
    for act in (lambda: outbox.directory_for(job, rule), lambda: outbox.check_room(rule)):
        with pytest.raises(Blocked) as caught:
            act()
        assert caught.value.code == "folder"
    with pytest.raises(Blocked):
        outbox.write_draft(job, rule, str(folder.outbox), 1, fetch, png)
    assert not folder.outbox.exists()


def test_there_is_room_where_there_is(folder: Folder) -> None:
    outbox.check_room(folder.rule())


# Group and mode


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_results_have_the_outboxs_group_and_the_services_umask(folder: Folder, umask: int, mode: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to another group")
    group = next(each.gr_gid for each in grp.getgrall() if each.gr_gid)
    os.chown(folder.outbox, -1, group)
    os.chmod(folder.outbox, 0o2775)  # noqa: S103 - a group's folder, as people make them
    before = os.umask(umask)
    try:
        path = deliver(folder.absent("sub/cat.jpg"), folder.rule())
    finally:
        os.umask(before)
    for each in (path, f"{path}.json"):
        assert (os.stat(each).st_gid, os.stat(each).st_mode & 0o777) == (group, mode)
    assert os.stat(folder.outbox / "sub").st_gid == group
    assert os.stat(folder.outbox / "sub").st_mode & 0o2000


def test_a_results_name_lies_on_the_disk_of_the_outbox(folder: Folder, mount: Mount) -> None:
    mount(folder.outbox, "-t", "tmpfs", "tmpfs")
    path = deliver(folder.absent("sub/cat.jpg"), folder.rule())
    kind = subprocess.run(["stat", "-f", "-c", "%T", path], check=True, capture_output=True, text=True).stdout
    assert kind.strip() == "tmpfs"
