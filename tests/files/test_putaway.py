"""What becomes of sources: done/, failed/ with its error file, deleted or left; the same after any kill."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from daemon.names import temporary
from daemon.results.putaway import Place, error_file, put_away
from daemon.states import Job, State
from tests.files.conftest import Folder, Mount, tree

SIDECARS = {"cat.jpg.toml": b'prompt = "x"', "cat.jpg.txt": b"x"}


def failed(folder: Folder, relative: str = "cat.jpg", **values: Any) -> Job:
    whole = {"state": State.FAILED, "error_code": "too_large", "error_message": "It is too large.", **values}
    return folder.job(relative, **whole)


def add(folder: Folder, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def below(place: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{place}/{name}": data for name, data in files.items()}


def without_errors(folder: Folder) -> dict[str, bytes]:
    return {name: data for name, data in tree(folder.inbox).items() if not name.endswith(".error.txt")}


# Where it goes


@pytest.mark.parametrize("relative", ["cat.jpg", "a/b/cat.jpg", "done.jpg", "x" * 251 + ".jpg", "\udcff\n-.jpg"])
def test_a_source_goes_to_done_and_keeps_its_subfolders(folder: Folder, relative: str) -> None:
    job = folder.job(relative)
    assert put_away(job, folder.rule()) == Place(str(folder.inbox / "done" / relative), in_inbox=False)
    assert tree(folder.inbox) == {f"done/{relative}": b"source"}


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
@pytest.mark.parametrize("after", ["archive", "keep", "delete"])
def test_a_source_that_failed_goes_to_failed_whatever_becomes_of_good_ones(
    folder: Folder, state: State, after: str
) -> None:
    place = put_away(failed(folder, state=state), folder.rule(after=after))
    assert place == Place(str(folder.inbox / "failed/cat.jpg"), in_inbox=False)
    assert set(tree(folder.inbox)) == {"failed/cat.jpg", "failed/cat.jpg.error.txt"}


def test_a_source_is_deleted_with_its_sidecars(folder: Folder) -> None:
    job = folder.job()
    add(folder, {**SIDECARS, "cat.jpg.md": b"mine"})
    assert put_away(job, folder.rule(after="delete")) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == {"cat.jpg.md": b"mine"}


def test_a_source_is_kept_where_it_is(folder: Folder) -> None:
    job = folder.job()
    add(folder, SIDECARS)
    assert put_away(job, folder.rule(after="keep")) == Place(job.source, in_inbox=True)
    assert tree(folder.inbox) == {"cat.jpg": b"source", **SIDECARS}


def test_a_jobs_own_wish_comes_before_its_rules(folder: Folder) -> None:
    job = folder.job(after="keep")
    assert put_away(job, folder.rule(after="delete")).in_inbox


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_a_file_that_is_only_tried_is_never_touched(folder: Folder, state: State) -> None:
    job = folder.job(state=state, after="leave", in_inbox=False)
    assert put_away(job, folder.rule(after="delete")) == Place(job.source, in_inbox=False)
    assert tree(folder.inbox) == {"cat.jpg": b"source"}


@pytest.mark.parametrize(("state", "place"), [(State.DONE, "done"), (State.FAILED, "failed")])
def test_sidecars_follow_their_file(folder: Folder, state: State, place: str) -> None:
    job = folder.job("sub/cat.jpg", state=state)
    add(folder, below("sub", SIDECARS))
    put_away(job, folder.rule())
    assert without_errors(folder) == below(f"{place}/sub", {"cat.jpg": b"source", **SIDECARS})


# Taken names


def test_nothing_that_was_put_away_is_overwritten(folder: Folder) -> None:
    before = below("done", {"cat.jpg": b"older", "cat~1.jpg.toml": b"older"})
    add(folder, before)
    job = folder.job()
    add(folder, SIDECARS)
    place = put_away(job, folder.rule())
    assert place.lies_at == str(folder.inbox / "done/cat~2.jpg")
    moved = {"cat~2.jpg": b"source", "cat~2.jpg.toml": SIDECARS["cat.jpg.toml"], "cat~2.jpg.txt": b"x"}
    assert tree(folder.inbox) == {**before, **below("done", moved)}
    assert put_away(job, folder.rule()) == place


def test_sources_of_one_name_all_find_a_place(folder: Folder) -> None:
    add(folder, below("done", {"cat.jpg": b"older"}))
    jobs = []
    for number in range(8):
        job = folder.job(data=b"%d" % number)
        aside = f"{folder.inbox}/{number}"
        os.rename(job.source, aside)
        jobs.append(replace(job, lies_at=aside))
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda job: put_away(job, folder.rule()), jobs))
    assert len({place.lies_at for place in places}) == 8
    assert sorted(tree(folder.inbox).values()) == sorted([b"older", *(b"%d" % number for number in range(8))])


# Changed meanwhile


@pytest.mark.parametrize("state", [State.DONE, State.FAILED])
@pytest.mark.parametrize("after", ["archive", "delete", "keep"])
def test_another_file_under_the_sources_name_stays(folder: Folder, state: State, after: str) -> None:
    job = folder.job(state=state)
    add(folder, {"new": b"another", **SIDECARS})
    os.rename(folder.inbox / "new", job.source)
    assert put_away(job, folder.rule(after=after)) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == {"cat.jpg": b"another", **SIDECARS}


def test_a_source_that_is_gone_is_gone(folder: Folder) -> None:
    for state in (State.DONE, State.FAILED):
        job = folder.job("sub/cat.jpg", state=state)
        os.unlink(job.source)
        os.rmdir(folder.inbox / "sub")
        assert put_away(job, folder.rule()) == Place(None, in_inbox=False)
    assert put_away(replace(job, lies_at=None), folder.rule()) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == {}


def test_a_missing_inbox_is_never_made_again(folder: Folder) -> None:
    job = folder.job()
    os.rename(folder.inbox, f"{folder.inbox}.away")
    put_away(job, folder.rule())
    assert not folder.inbox.exists()


# Again


@pytest.mark.parametrize("make", [Folder.job, failed])
@pytest.mark.parametrize("relative", ["cat.jpg", "sub/cat.jpg", "y" * 255, "日" * 85])
def test_after_a_kill_it_is_found_where_it_was_put(
    folder: Folder, make: Callable[[Folder, str], Job], relative: str
) -> None:
    job = make(folder, relative)
    add(folder, {"done/cat.jpg": b"older", "failed/cat.jpg": b"older"})
    place = put_away(job, folder.rule())
    before = tree(folder.inbox)
    assert put_away(job, folder.rule()) == place
    assert tree(folder.inbox) == before


@pytest.mark.parametrize(("state", "place"), [(State.DONE, "done"), (State.FAILED, "failed")])
def test_after_a_kill_the_sidecars_still_follow(folder: Folder, state: State, place: str) -> None:
    job = folder.job(state=state)
    add(folder, {**SIDECARS, f"{place}/cat.jpg": b"older"})
    os.rename(job.source, folder.inbox / place / "cat~1.jpg")  # so far it came
    put_away(job, folder.rule())
    moved = {name.replace("cat", "cat~1"): data for name, data in SIDECARS.items()}
    assert without_errors(folder) == below(place, {"cat.jpg": b"older", "cat~1.jpg": b"source", **moved})


def test_after_a_kill_a_new_files_sidecar_is_not_taken(folder: Folder) -> None:
    job = folder.job()
    put_away(job, folder.rule())
    add(folder, {"cat.jpg": b"another", **SIDECARS})
    put_away(job, folder.rule())
    assert tree(folder.inbox) == {"done/cat.jpg": b"source", "cat.jpg": b"another", **SIDECARS}


def test_a_folder_with_a_sidecars_name_is_in_nobodys_way(folder: Folder) -> None:
    job = folder.job()
    add(folder, {"cat.jpg.toml/kept": b"mine", "cat.jpg.txt": b"x"})
    assert put_away(job, folder.rule(after="delete")) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == {"cat.jpg.toml/kept": b"mine"}


def test_a_job_that_fails_again_has_its_new_reason(folder: Folder) -> None:
    job = failed(folder)
    place = put_away(job, folder.rule())
    again = replace(job, lies_at=place.lies_at, in_inbox=False, error_message="Now it is too small.")
    assert put_away(again, folder.rule()) == place
    assert set(tree(folder.inbox)) == {"failed/cat.jpg", "failed/cat.jpg.error.txt"}
    assert b"Now it is too small." in tree(folder.inbox)["failed/cat.jpg.error.txt"]


@pytest.mark.parametrize("after", ["archive", "keep"])
def test_a_job_that_succeeds_at_last_leaves_failed(folder: Folder, after: str) -> None:
    job = failed(folder)
    add(folder, SIDECARS)
    place = put_away(job, folder.rule())
    done = replace(job, state=State.DONE, lies_at=place.lies_at, in_inbox=False)
    put_away(done, folder.rule(after=after))
    assert tree(folder.inbox) == below("done", {"cat.jpg": b"source", **SIDECARS})


# Over a mount's border


@pytest.mark.parametrize(("state", "place"), [(State.DONE, "done"), (State.FAILED, "failed")])
def test_done_and_failed_may_lie_on_another_mount(folder: Folder, mount: Mount, state: State, place: str) -> None:
    mount(folder.inbox / place, "-t", "tmpfs", "tmpfs")
    job = folder.job("sub/cat.jpg", state=state)
    add(folder, below("sub", SIDECARS))
    put_away(job, folder.rule())
    assert without_errors(folder) == below(f"{place}/sub", {"cat.jpg": b"source", **SIDECARS})


def test_a_full_done_leaves_the_source_where_it_is(folder: Folder, mount: Mount) -> None:
    mount(folder.inbox / "done", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    job = folder.job(data=b"x" * 1_000_000)
    with pytest.raises(OSError, match="No space left"):
        put_away(job, folder.rule())
    assert tree(folder.inbox) == {"cat.jpg": b"x" * 1_000_000}


def test_the_archive_of_a_symlinked_done(folder: Folder) -> None:
    (folder.inbox.parent / "archive").mkdir()
    (folder.inbox / "done").symlink_to(folder.inbox.parent / "archive")
    put_away(folder.job(), folder.rule())
    assert tree(folder.inbox.parent / "archive") == {"cat.jpg": b"source"}


# The error file


def test_the_error_file_says_why_and_what_to_do(folder: Folder) -> None:
    job = failed(folder, "ca\udcfft\n.jpg", prediction_id="p1", request_id="r1", finished_at=0.0)
    place = put_away(job, folder.rule())
    text = (folder.inbox / "failed" / "ca\udcfft\n.jpg.error.txt").read_text("utf-8")
    assert place.lies_at is not None
    for words in (
        "ca\\xfft\\n.jpg was not processed.",
        "It is too large.",
        "move the file from this folder back",
        "hotfolder retry 7",
        "job 7 in folder cats, code too_large, model m/1",
        "prediction p1, request r1",
        "ended 1970-01-01T00:00:00.000Z",
    ):
        assert words in text
    assert "cancelled" in (folder.inbox / error_file(put_away_cancelled(folder))).read_text("utf-8")


def put_away_cancelled(folder: Folder) -> str:
    return put_away(failed(folder, "dog.jpg", state=State.CANCELLED), folder.rule()).lies_at or ""


@pytest.mark.parametrize("name", ["x" * 255, "日" * 85, "\udcff" * 255, "x" * 246])
def test_the_longest_names_have_an_error_file_too(folder: Folder, name: str) -> None:
    place = put_away(failed(folder, name), folder.rule())
    assert place.lies_at == os.path.join(folder.inbox, "failed", name)
    assert set(tree(folder.inbox)) == {f"failed/{name}", os.path.relpath(error_file(place.lies_at), folder.inbox)}


# Files that change at the last moment


@pytest.mark.parametrize("after", ["archive", "delete"])
@pytest.mark.parametrize("state", [State.DONE, State.FAILED])
def test_a_file_that_replaces_the_source_at_any_moment_stays(folder: Folder, state: State, after: str) -> None:
    """It was never a job, so it is neither deleted nor put away, whichever two steps it comes between."""
    with ThreadPoolExecutor() as threads:
        for number in range(80):
            job = folder.job(f"{number}.jpg", state=state, error_code="x", error_message="It is bad.")
            new = folder.inbox.parent / "new.jpg"
            new.write_bytes(b"another")
            ending = threads.submit(put_away, job, folder.rule(after=after))
            for _ in range(number * 5):
                os.stat(new)  # a few microseconds more each time
            os.rename(new, job.source)
            assert ending.result() is not None
            assert tree(folder.inbox).get(f"{number}.jpg") == b"another"
    assert not [name for name in os.listdir(folder.inbox) if name.startswith(".")]


def test_a_source_that_a_killed_daemon_was_about_to_delete_is_deleted(folder: Folder) -> None:
    job = folder.job()
    add(folder, SIDECARS)
    os.rename(job.source, folder.inbox / temporary(job.id, 0))
    assert put_away(job, folder.rule(after="delete")) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == {}
    assert os.listdir(folder.inbox) == []
