"""Sources whose daemon was killed, or lost its power, while it put them away; new files came under their names."""

import os

import pytest

from daemon.names import temporary
from daemon.results.putaway import Place, put_away
from daemon.states import State
from tests.files.conftest import Folder, tree


def test_a_new_files_sidecars_are_not_deleted_with_the_source_before_it(folder: Folder) -> None:
    job = folder.job()
    os.rename(job.source, folder.inbox / temporary(job.id, 0))  # so far the killed daemon came
    new = {"cat.jpg": b"another", "cat.jpg.txt": b"make it blue", "cat.jpg.toml": b'prompt = "x"'}
    for name, data in new.items():
        (folder.inbox / name).write_bytes(data)
    assert put_away(job, folder.rule(after="delete")) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == new


@pytest.mark.parametrize("state", [State.DONE, State.FAILED])
def test_a_deletion_that_a_killed_daemon_did_not_bring_to_the_disk_gets_there(
    folder: Folder, state: State
) -> None:
    job = folder.job("sub/cat.jpg", state=state)
    os.unlink(job.source)
    synced: list[str] = []
    assert put_away(job, folder.rule(after="delete"), synced.append) == Place(None, in_inbox=False)
    assert synced == [str(folder.inbox / "sub")]


def test_a_move_gets_to_the_disk_also_if_a_new_file_has_the_sources_name_by_now(folder: Folder) -> None:
    job = folder.job()
    put_away(job, folder.rule())
    (folder.inbox / "cat.jpg").write_bytes(b"another")
    synced: list[str] = []
    put_away(job, folder.rule(), synced.append)
    assert synced == [str(folder.inbox / "done"), str(folder.inbox)]
