"""Sources that are put away together: in which order what shows it is brought to the disk."""

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.clock import Clock
from daemon.gates.folders import Folders
from daemon.inbox.mounts import mount_point
from daemon.states import Job, State
from daemon.table.store import Store
from daemon.work.closing import Closing
from daemon.work.persist import Persist
from tests.files.conftest import Folder

#: Into which the hook below writes while a test wants it to; a hook can't be taken out again.
_wanted: list[list[str]] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _wanted and event == "open":
        path, _, flags = arguments
        if isinstance(path, str) and isinstance(flags, int) and flags & os.O_DIRECTORY:
            _wanted[0].append(path)


@pytest.fixture
def synced() -> Iterator[list[str]]:
    """Give the directories that are opened as such, which is done to bring their names to the disk."""
    found: list[str] = []
    sys.addaudithook(_note)
    _wanted.append(found)
    yield found
    _wanted.clear()


def close(folder: Folder, base: Path, jobs: list[Job]) -> None:
    store, clock = Store(f"sqlite:///{base}/jobs.db", Clock()), Clock()
    persist = Persist(threading.Event())
    folders = Folders(mount_point)
    rule = folder.rule()
    folders.remember({path: mount_point(path) for path in (rule.inbox, rule.outbox)})
    closing = Closing(store, persist, clock, folders, lambda _: rule, chance=lambda: 0.5, later=lambda _: None)
    closing.close(jobs)
    store.close()


def test_a_source_leaves_its_old_place_on_the_disk_only_when_it_is_in_its_new_one(
    folder: Folder, tmp_path: Path, synced: list[str]
) -> None:
    """Without a journal, each directory's names reach the disk by themselves; a file in neither would be lost."""
    jobs = [folder.job(f"{number}/cat.jpg", id=number) for number in range(8)]
    jobs.append(folder.job("dog.jpg", id=8, state=State.FAILED))
    failed_before = folder.job("failed/cat.jpg", id=9, in_inbox=False)
    jobs.append(replace(failed_before, source=str(folder.inbox / "cat.jpg")))
    close(folder, tmp_path, jobs)
    last = {os.path.relpath(path, folder.inbox): place for place, path in enumerate(synced)}
    for number in range(8):
        assert last[f"done/{number}"] < last[str(number)]
    assert last["done"] < last["failed"] < last["."]
