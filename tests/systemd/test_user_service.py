"""The user unit, installed by docs/operations.md for a person with a systemd of their own."""

import os
from collections.abc import Iterator

import pytest

from tests.support import wait_for
from tests.systemd import installation
from tests.systemd.machine import Machine
from tests.systemd.service import DROP_IN, Folders, drop, read_only, result, start_sandbox

ANNA = "anna"
HOME = "/home/anna"
OIL = Folders(f"{HOME}/Atlas/inbox/oil-painting", f"{HOME}/Atlas/outbox/oil-painting")


@pytest.fixture(scope="module")
def service(machine: Machine) -> Iterator[Machine]:
    """Install the service for one person and start it against a sandbox inside the same machine."""
    installation.copy_checkout(machine)
    machine.run("useradd", "--create-home", "--shell", "/bin/sh", ANNA)
    machine.run("loginctl", "enable-linger", ANNA)
    number = machine.run("id", "-u", ANNA).stdout.strip()
    machine.run("systemctl", "start", f"user@{number}.service")
    drop_in = "~/.config/systemd/user/hotfolder.service.d"
    installation.run_as(machine, ANNA, f"mkdir -p {drop_in} && cat > {drop_in}/test.conf", given=DROP_IN)
    installation.follow(machine, "For one person", person=ANNA)
    start_sandbox(machine, f"{HOME}/.local/share/hotfolder", ANNA)
    yield machine
    print(machine.run("journalctl", "--no-pager", "--output=cat").stdout)  # shown where a test failed


def main_pid(machine: Machine) -> str:
    shown = "systemctl --user show hotfolder --property=MainPID --value"
    return installation.run_as(machine, ANNA, shown).strip()


def test_a_dropped_file_comes_back(service: Machine) -> None:
    assert installation.run_as(service, ANNA, "systemctl --user is-active hotfolder").strip() == "active"
    drop(service, OIL, "red", "red")
    made = os.stat(result(service, OIL, "red"))
    assert made.st_uid == int(service.run("id", "-u", ANNA).stdout)


def test_the_rest_of_the_file_system_is_read_only(service: Machine) -> None:
    process = main_pid(service)
    assert read_only(service, process, "/")
    assert read_only(service, process, HOME)
    assert not read_only(service, process, f"{HOME}/Atlas")


def test_killed_it_comes_back(service: Machine) -> None:
    before = main_pid(service)
    service.run("kill", "-KILL", before)
    wait_for(lambda: main_pid(service) not in {"0", before}, timeout=30, what="the service to be started again")
    drop(service, OIL, "blue", "blue")
    result(service, OIL, "blue")


def test_it_stops_cleanly(service: Machine) -> None:
    installation.run_as(service, ANNA, "systemctl --user stop hotfolder")
    shown = installation.run_as(service, ANNA, "systemctl --user show hotfolder --property=Result --value")
    assert shown.strip() == "success"
