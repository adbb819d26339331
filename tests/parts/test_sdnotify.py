"""What the service manager is told, over a real socket; and nothing where there is none."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.service.sdnotify import Notifier

Manager = tuple[socket.socket, str]


@pytest.fixture
def listen() -> Iterator[Callable[[str], socket.socket]]:
    made: list[socket.socket] = []

    def do(address: str) -> socket.socket:
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.settimeout(10)
        manager.bind(address)
        made.append(manager)
        return manager

    yield do
    for manager in made:
        manager.close()


def test_lines_arrive_in_one_datagram(tmp_path: Path, listen: Callable[[str], socket.socket]) -> None:
    manager = listen(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    notifier.tell("READY=1", "STATUS=3 jobs, \udcff")
    assert manager.recv(1000) == b"READY=1\nSTATUS=3 jobs, ?"


def test_an_abstract_socket_is_found(listen: Callable[[str], socket.socket]) -> None:
    name = f"hotfolder-test-{os.getpid()}"
    manager = listen(f"\0{name}")
    Notifier({"NOTIFY_SOCKET": f"@{name}"}).tell("STOPPING=1")
    assert manager.recv(1000) == b"STOPPING=1"


def test_a_status_is_told_when_it_is_new(tmp_path: Path, listen: Callable[[str], socket.socket]) -> None:
    manager = listen(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for text in ("idle", "idle", "busy", "idle"):
        notifier.status(text)
    assert [manager.recv(1000) for _ in range(3)] == [b"STATUS=idle", b"STATUS=busy", b"STATUS=idle"]
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(1000)


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here", "/" + "x" * 200])
def test_without_a_service_manager_nothing_happens(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.tell("READY=1")
    notifier.status("idle")
    Notifier({}).tell("READY=1")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": ""}, None),
    ],
)
def test_the_watchdogs_time_is_read(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environ).watchdog_seconds == seconds
