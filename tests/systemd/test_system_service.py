"""The system unit, installed by the README's instructions under a real systemd: what it does and survives."""

import json
import os
import stat
from collections.abc import Iterator

import pytest

from tests.support import wait_for
from tests.systemd import installation
from tests.systemd.machine import Machine
from tests.systemd.service import (
    DROP_IN,
    Folders,
    drop,
    listens,
    properties,
    read_only,
    result,
    start_sandbox,
)

UNIT = "hotfolder"
PREFIX = "/opt/hotfolder"
CONFIG = "/etc/hotfolder/hotfolder.toml"
OIL = Folders("/srv/atlas/inbox/oil-painting", "/srv/atlas/outbox/oil-painting")
LATER = Folders("/srv/atlas/inbox/later", "/srv/atlas/outbox/later")
LATER_RULE = f"""
[folders.later]
inbox = "{LATER.inbox}"
outbox = "{LATER.outbox}"
kind = "image"
model = "google/nano-banana-2/edit"
prompt = "A pencil sketch"
input = "images[]"
"""


@pytest.fixture(scope="module")
def service(machine: Machine) -> Iterator[Machine]:
    """Install the service and start it against a sandbox inside the same machine."""
    installation.copy_checkout(machine)
    machine.run("mkdir", f"/etc/systemd/system/{UNIT}.service.d")
    machine.run("tee", f"/etc/systemd/system/{UNIT}.service.d/test.conf", given=DROP_IN)
    installation.follow(machine, "For the whole machine")
    start_sandbox(machine, PREFIX, "hotfolder")
    yield machine
    print(machine.journal(UNIT))  # shown where a test failed


def restarted(machine: Machine, before: str) -> bool:
    """Tell whether the service is ready again under another process id."""
    now = properties(machine, UNIT, "ActiveState", "MainPID")
    return now["ActiveState"] == "active" and now["MainPID"] not in {"0", before}


def test_it_is_ready_and_keeps_its_state_to_itself(service: Machine) -> None:
    shown = properties(service, UNIT, "ActiveState", "NRestarts", "StatusText", "MainPID")
    assert (shown["ActiveState"], shown["NRestarts"]) == ("active", "0")
    assert shown["StatusText"]
    state = os.stat(service.path("/var/lib/hotfolder"))
    owner = int(service.run("id", "-u", "hotfolder").stdout)
    assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o700, owner)
    assert read_only(service, shown["MainPID"], "/")
    assert installation.KEY.strip() not in service.journal(UNIT)


def test_a_result_belongs_to_the_group_and_to_nobody_else(service: Machine) -> None:
    drop(service, OIL, "red", "red")
    made = os.stat(result(service, OIL, "red"))
    group = int(service.run("id", "-g", "hotfolder").stdout)
    assert (stat.S_IMODE(made.st_mode), made.st_gid) == (0o660, group)
    assert made.st_size > 0


def test_a_reload_brings_a_new_folder(service: Machine) -> None:
    before = properties(service, UNIT, "MainPID")["MainPID"]
    service.run("tee", "--append", CONFIG, given=LATER_RULE)
    service.run("systemctl", "reload", UNIT)
    wait_for(lambda: os.path.isdir(service.path(LATER.inbox)), what="the new inbox")
    drop(service, LATER, "green", "green")
    result(service, LATER, "green")
    assert properties(service, UNIT, "MainPID")["MainPID"] == before


@pytest.mark.parametrize(("signal", "colour"), [("KILL", "blue"), ("STOP", "yellow")])
def test_killed_or_hung_it_comes_back(service: Machine, signal: str, colour: str) -> None:
    before = properties(service, UNIT, "MainPID")["MainPID"]
    service.run("kill", f"-{signal}", before)
    drop(service, OIL, colour, colour)
    wait_for(lambda: restarted(service, before), timeout=40, what="the service to be ready again")
    result(service, OIL, colour)


def test_it_comes_back_with_its_jobs_after_a_power_cut(service: Machine) -> None:
    before = _jobs(service)
    assert before
    service.crash()
    service.up()
    wait_for(lambda: listens(service, PREFIX), timeout=20, what="the sandbox to listen")
    wait_for(lambda: restarted(service, "0"), timeout=30, what="the service to be ready again")
    drop(service, OIL, "white", "white")
    result(service, OIL, "white")
    assert before.items() <= _jobs(service).items()


def _jobs(machine: Machine) -> dict[int, str]:
    """Give the source of each job that is done, as the service's own user sees it."""
    command = f"runuser -u hotfolder -- {PREFIX}/bin/hotfolder jobs --state done --json --config {CONFIG}"
    return {job["id"]: job["source"] for job in json.loads(installation.run_as(machine, None, command))}


def test_a_configuration_that_can_not_be_used_is_not_tried_again(service: Machine) -> None:
    whole = service.run("cat", CONFIG).stdout
    service.run("tee", CONFIG, given="no such key = 1")
    assert service.run("systemctl", "restart", UNIT, check=False).returncode != 0
    shown = properties(service, UNIT, "ActiveState", "ExecMainStatus", "NRestarts")
    assert shown == {"ActiveState": "failed", "ExecMainStatus": "2", "NRestarts": "0"}
    service.run("tee", CONFIG, given=whole)
    service.run("systemctl", "restart", UNIT)


def test_an_upgrade_keeps_its_jobs(service: Machine) -> None:
    before = _jobs(service)
    installation.follow(service, "Upgrade")
    assert properties(service, UNIT, "ActiveState")["ActiveState"] == "active"
    assert before
    assert before.items() <= _jobs(service).items()


def test_it_stops_cleanly(service: Machine) -> None:
    service.run("systemctl", "stop", UNIT)
    shown = properties(service, UNIT, "ActiveState", "Result", "ExecMainStatus")
    assert shown == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}


def test_uninstalled_it_leaves_the_folders(service: Machine) -> None:
    service.run("systemctl", "disable", "--now", "sandbox")
    installation.follow(service, "Uninstall")
    assert not os.path.exists(service.path(PREFIX))
    assert not os.path.exists(service.path("/var/lib/hotfolder"))
    assert os.path.exists(service.path(f"{OIL.inbox}/done/red.jpg"))
