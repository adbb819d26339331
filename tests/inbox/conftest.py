"""An Inbox over real directories, with a list in the job table's place."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daemon.clock import Clock
from daemon.config import FolderRule
from daemon.inbox.intake import Inbox
from daemon.states import NewJob
from tests.support import wait_for

#: The smallest picture there is, whole: one grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6368000000820081"
    "77cd72b60000000049454e44ae426082"
)
#: A sound whose format shows no end.
MP3 = b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\x64" * 50


@dataclass
class Table:
    """What the job table does for intake: remembers files by place and identity, and passes over known ones."""

    jobs: list[NewJob] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    failures: int = 0
    offered: int = 0

    def known(self, folder: str, sources: list[str]) -> Mapping[str, set[str]]:
        with self.lock:
            found: dict[str, set[str]] = {}
            for job in self.jobs:
                if job.folder == folder and job.source in sources:
                    found.setdefault(job.source, set()).add(job.identity)
            return found

    def add(self, new: Sequence[NewJob]) -> None:
        with self.lock:
            if self.failures:
                self.failures -= 1
                raise RuntimeError("the table is locked")
            self.offered += len(new)
            there = {(job.folder, job.source, job.identity) for job in self.jobs}
            self.jobs += [job for job in new if (job.folder, job.source, job.identity) not in there]

    def sources(self) -> list[str]:
        with self.lock:
            return [job.source for job in self.jobs]

    def job(self, path: str, timeout: float = 10.0) -> NewJob:
        wait_for(lambda: path in self.sources(), timeout, f"a job for {path!r} among {self.sources()!r}")
        with self.lock:
            return next(job for job in self.jobs if job.source == path)


class Bench:
    """An inbox at work, and what a test needs around it."""

    def __init__(self, base: Path) -> None:
        self.root = str(base / "in")
        self.outside = str(base / "outside")
        self.table = Table()
        self.notes: list[tuple[str, str]] = []
        self.inbox = self._new()

    def _new(self) -> Inbox:
        return Inbox(
            known=self.table.known,
            add=self.table.add,
            clock=Clock().now,
            on_note=lambda folder, message: self.notes.append((folder, message)),
            poll_every=0.1,
        )

    def rule(self, **changes: Any) -> FolderRule:
        values: dict[str, Any] = {
            "name": "cats",
            "inbox": self.root,
            "outbox": self.outside + "/out",
            "kind": "image",
            "model": "maker/model",
            "settle": 0.2,
            "patience": 1.0,
        }
        return FolderRule(**{**values, **changes})

    def start(self, *rules: FolderRule) -> None:
        self.inbox.start({rule.name: rule for rule in rules or (self.rule(),)})
        self.until_ready()

    def until_ready(self) -> None:
        assert self.inbox.ready.wait(10)

    def restart(self) -> None:
        self.inbox.stop()
        self.inbox = self._new()
        self.start()

    def until_quiet(self, timeout: float = 10.0) -> None:
        wait_for(self.inbox.quiet, timeout, "the inbox to be quiet")

    def noted(self, words: str) -> list[str]:
        return [message for _, message in self.notes.copy() if words in message]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "outside").mkdir()
    yield bench
    bench.inbox.stop()


Start = Callable[..., None]
