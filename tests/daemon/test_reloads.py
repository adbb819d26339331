"""A reload that does not come to its end keeps the daemon neither from a stop nor from a sign of life."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from daemon.config import Settings
from daemon.service import foreground
from daemon.service.sdnotify import Notifier
from daemon.service.service import Service
from tests.daemon.house import House
from tests.daemon.process import Process, running
from tests.daemon.samples import picture
from tests.daemon.test_table_trouble import in_table
from tests.support import wait_for


class Manager:
    """The service manager's end: what the daemon tells it, in order."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.told: list[str] = []

    def until_told(self, word: str) -> list[str]:
        """Wait until the daemon says `word`; give what it said before that and was not asked for yet."""

        def heard() -> bool:
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.told += self._listener.recv(65536).decode().split("\n")
            return word in self.told

        wait_for(heard, what=word)
        at = self.told.index(word)
        before, self.told = self.told[:at], self.told[at + 1 :]
        return before


@pytest.fixture
def manager(house: House) -> Iterator[Manager]:
    path = os.path.join(house.base, "notify")
    house.environ |= {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.setblocking(False)
        yield Manager(listener)


@contextlib.contextmanager
def never_ready(house: House) -> Iterator[None]:
    """Have no inbox ready: the table can't say which of its files are known."""
    in_table(house, "ALTER TABLE jobs RENAME TO away")
    yield
    in_table(house, "ALTER TABLE away RENAME TO jobs")


@contextlib.contextmanager
def reworded(house: House, manager: Manager) -> Iterator[Process]:
    """Have a daemon with a file in its inbox, that is to learn of another rule for it."""
    house.configure(after="keep", prompt="old")
    with running(house) as process:
        house.drop("cat.png", picture())
        wait_for(lambda: len(house.results()) == 1, what="the result")
        house.configure(after="keep", prompt="new")
        manager.until_told("READY=1")
        yield process


def test_a_stop_does_not_wait_until_all_inboxes_are_watched(house: House, manager: Manager) -> None:
    with reworded(house, manager) as process, never_ready(house):
        process.reload()
        manager.until_told("RELOADING=1")
        assert process.terminate(10.0) == 0
        assert "READY=1" not in manager.until_told("STOPPING=1")


def test_the_watchdog_is_fed_until_a_reload_is_over(house: House, manager: Manager) -> None:
    with reworded(house, manager) as process:
        with never_ready(house):
            process.reload()
            manager.until_told("RELOADING=1")
            wait_for(lambda: "taking files in failed" in process.log, what="the trouble")
            assert "READY=1" not in manager.until_told("WATCHDOG=1")
        manager.until_told("READY=1")
        assert process.terminate(10.0) == 0


def test_a_reload_that_hangs_keeps_nobody_waiting(
    house: House, manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the watchdog nor the service manager, and not a stop."""
    monkeypatch.setattr(foreground, "_RELOADS", 0.1)
    hangs = threading.Event()

    def load() -> Settings:
        hangs.wait(60)
        return house.settings()

    house.configure()
    service = house.service = Service(house.settings(), load=load)
    service.open()
    service.start()
    asked = foreground._Signals()
    loop = threading.Thread(target=foreground._forever, args=(service, asked, Notifier(house.environ)))
    loop.start()
    try:
        manager.until_told("READY=1")
        asked.handle(signal.SIGHUP, None)
        manager.until_told("RELOADING=1")
        manager.until_told("READY=1")
        assert "not over after" in caplog.text
        manager.until_told("WATCHDOG=1")
        asked.handle(signal.SIGTERM, None)
        loop.join(10)
        assert not loop.is_alive()
        house.stop()
    finally:
        asked.handle(signal.SIGTERM, None)
        hangs.set()
