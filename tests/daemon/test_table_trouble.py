"""A job table that can't be used for a moment ends neither a reload nor a start."""

import contextlib
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daemon.config import Settings
from daemon.service import foreground
from daemon.service.sdnotify import Notifier
from daemon.service.service import Service
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.support import wait_for

TWO: dict[str, dict[str, Any]] = {FOLDER: {}, "more": {}}
Trouble = Callable[[House], contextlib.AbstractContextManager[None]]


def in_table(house: House, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(os.path.join(house.base, "state", "jobs.db"))) as connection:
        connection.execute(statement)
        connection.commit()


@contextlib.contextmanager
def nothing_noted(house: House) -> Iterator[None]:
    """Have the table refuse every note."""
    refuse = "SELECT RAISE(ABORT, 'no room for a note')"
    in_table(house, f"CREATE TRIGGER refuse BEFORE INSERT ON notes BEGIN {refuse}; END")
    yield
    in_table(house, "DROP TRIGGER refuse")


@contextlib.contextmanager
def no_notes(house: House) -> Iterator[None]:
    """Have the table without its notes, which then can be neither read nor written."""
    in_table(house, "ALTER TABLE notes RENAME TO away")
    yield
    in_table(house, "ALTER TABLE away RENAME TO notes")


def told_at_a_reload(house: House) -> list[str]:
    """Reload as at a signal; give what the service manager was told."""
    path = os.path.join(house.base, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        wait_for(foreground._Reload(house.daemon, Notifier({"NOTIFY_SOCKET": path})).over)
        manager.setblocking(False)
        told = [manager.recv(65536).decode().split("\n")[0] for _ in range(2)]
    os.unlink(path)
    return told


@pytest.mark.parametrize("trouble", [nothing_noted, no_notes])
def test_a_reload_takes_the_new_folders_all_the_same(
    house: House, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    house.configure(TWO)
    with trouble(house):
        assert told_at_a_reload(house) == ["RELOADING=1", "READY=1"]
        assert "could not be remembered" in caplog.text
        house.until(house.drop("cat.png", picture(), "more"))
    assert told_at_a_reload(house) == ["RELOADING=1", "READY=1"]
    remembered = house.daemon.parts.store.notes("mounts")["mounts"]
    assert house.inbox("more") in remembered


def test_a_start_goes_on_without_a_note(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.start()
    house.stop()
    house.configure(TWO)
    with nothing_noted(house):
        house.begin()
        assert "could not be remembered" in caplog.text
        house.until(house.drop("cat.png", picture(), "more"))


def test_a_reload_that_fails_is_told_and_the_daemon_is_ready_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> Settings:
        raise MemoryError("none left")

    house.configure()
    service = house.service = Service(house.settings(), load=load)
    service.open()
    service.start()
    assert told_at_a_reload(house) == ["RELOADING=1", "READY=1"]
    assert "none left" in caplog.text
    house.until(house.drop("cat.png", picture()))
