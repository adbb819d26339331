"""An inbox and an outbox for each test, and a place under which file systems can be mounted."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.config import FolderRule
from daemon.source import identity_of
from daemon.states import Job, State
from tests.made import made_job, made_rule

Mount = Callable[..., None]


class Folder:
    """The real folders of one rule, and jobs whose sources lie in them."""

    def __init__(self, base: Path) -> None:
        self.inbox, self.outbox = base / "in", base / "out"
        self.inbox.mkdir()
        self.outbox.mkdir()

    def rule(self, **values: Any) -> FolderRule:
        return made_rule(inbox=str(self.inbox), outbox=str(self.outbox), **values)

    def job(self, relative: str = "cat.jpg", data: bytes = b"source", **values: Any) -> Job:
        """Put a file into the inbox, and give the job that was made of it."""
        path = os.path.join(self.inbox, relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        status = os.lstat(path)
        whole = {"state": State.DONE, "identity": identity_of(status), "size": status.st_size, **values}
        return made_job(source=path, **whole)

    def absent(self, relative: str = "cat.jpg", **values: Any) -> Job:
        """Give a job whose source nobody looks at."""
        return made_job(source=os.path.join(self.inbox, relative), state=State.DOWNLOADING, **values)


def tree(root: os.PathLike[str] | str) -> dict[str, bytes]:
    """Give all files below `root`, hidden ones too: relative path to content."""
    found = {}
    for place, _, names in os.walk(root):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def shared_path() -> Iterator[Path]:
    """Give a directory that every user may go through and write to; pytest's own are private."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o777)  # noqa: S103 - that is what it is for
        yield Path(path)


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount file systems: `mount(where, "-t", "tmpfs", …)`; they are unmounted at the test's end."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    places: list[str] = []

    def do(where: os.PathLike[str] | str, *arguments: str) -> None:
        place = os.fspath(where)
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", *arguments, place], check=True, capture_output=True)
        if not any("remount" in argument for argument in arguments):
            places.append(place)

    with contextlib.ExitStack() as stack:
        yield do
        for place in places:
            stack.callback(subprocess.run, ["umount", place], check=True, capture_output=True)


@contextlib.contextmanager
def another_user() -> Iterator[None]:
    """Give up root's rights for a while: root may write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
