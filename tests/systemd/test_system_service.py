"""The system unit, installed by docs/operations.md under a real systemd: what it does and survives."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator

import pytest

from tests.support import wait_for
from tests.systemd import installation
from tests.systemd.machine import Machine
from tests.systemd.service import (
    DROP_IN,
    SHORT_WATCHDOG,
    Folders,
    ask_sandbox,
    drop,
    hanging,
    listens,
    properties,
    read_only,
    result,
    start_sandbox,
)

UNIT = "hotfolder"
DROP_INS = f"/etc/systemd/system/{UNIT}.service.d"
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
    machine.run("mkdir", DROP_INS)
    machine.run("tee", f"{DROP_INS}/test.conf", given=DROP_IN)
    installation.follow(machine, "For the whole machine")
    start_sandbox(machine, PREFIX, "hotfolder")
    yield machine
    print(machine.journal(UNIT))  # shown where a test failed


@pytest.fixture
def watched(service: Machine) -> Iterator[Machine]:
    """Let the service run with a watchdog that a test can wait for; afterwards with its own again."""
    drop_in = f"{DROP_INS}/watchdog.conf"
    service.run("tee", drop_in, given=SHORT_WATCHDOG)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", UNIT)
    yield service
    service.run("rm", drop_in)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", UNIT)


def main_pid(machine: Machine) -> str:
    """Give the process id of the running service, in the machine."""
    pid = properties(machine, UNIT, "MainPID")["MainPID"]
    assert pid != "0", machine.journal(UNIT)
    return pid


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


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")
def test_its_threads_may_share_a_core(service: Machine) -> None:
    pid = main_pid(service)

    def gathered() -> bool:
        every = service.run("sh", "-c", f"cat /proc/{pid}/task/*/status", check=False).stdout
        bound = re.findall(r"^Cpus_allowed_list:\s+(\d+)$", every, re.MULTILINE)
        return len(bound) > 10 and len(set(bound)) == 1

    wait_for(gathered, timeout=20, what="threads that are bound to a core")


def test_it_calls_with_the_key_that_systemd_hands_over(service: Machine) -> None:
    environment = service.run("cat", f"/proc/{main_pid(service)}/environ").stdout
    assert "ATLASCLOUD_API_KEY" not in environment
    drop(service, OIL, "black", "black")
    result(service, OIL, "black")
    digest = hashlib.sha256(installation.KEY.strip().encode()).hexdigest()[:8]  # what the journal tells of a key
    for entry in ask_sandbox(service, PREFIX, "journal?call=submit"):
        assert entry["headers"]["authorization"] == f"Bearer sha256:{digest}"


def test_a_result_belongs_to_the_group_and_to_nobody_else(service: Machine) -> None:
    drop(service, OIL, "red", "red")
    made = os.stat(result(service, OIL, "red"))
    group = int(service.run("id", "-g", "hotfolder").stdout)
    assert (stat.S_IMODE(made.st_mode), made.st_gid) == (0o660, group)
    assert made.st_size > 0


def test_a_reload_brings_a_new_folder_and_a_changed_rule(service: Machine) -> None:
    before = main_pid(service)
    service.run("tee", "--append", CONFIG, given=LATER_RULE)
    service.run("sed", "-i", 's/^prompt = "Transform.*/prompt = "A sepia print"/', CONFIG)
    service.run("systemctl", "reload", UNIT)
    wait_for(lambda: os.path.isdir(service.path(LATER.inbox)), what="the new inbox")
    drop(service, LATER, "green", "green")
    result(service, LATER, "green")
    drop(service, OIL, "brown", "brown")
    with open(f"{result(service, OIL, 'brown')}.json", encoding="utf-8") as record:
        assert json.load(record)["prompt"] == "A sepia print"
    assert main_pid(service) == before


def _accepted(machine: Machine) -> int:
    return sum(entry["status"] == 200 for entry in ask_sandbox(machine, PREFIX, "journal?call=submit"))


def test_killed_it_comes_back_and_finishes_its_jobs(service: Machine) -> None:
    before = main_pid(service)
    accepted = _accepted(service)
    ask_sandbox(service, PREFIX, "settings", predict_seconds=5.0)
    for colour in ("blue", "navy", "teal"):
        drop(service, OIL, colour, colour)
    wait_for(lambda: _accepted(service) == accepted + 3, timeout=20, what="three submits")
    service.run("kill", "-KILL", before)
    ask_sandbox(service, PREFIX, "settings", predict_seconds=0.1)
    wait_for(lambda: restarted(service, before), timeout=40, what="the service to be ready again")
    for colour in ("blue", "navy", "teal"):
        result(service, OIL, colour)
    assert _accepted(service) == accepted + 3


@pytest.mark.parametrize(
    ("call", "room"),
    [
        ("fsync", "files"),  # of a result: the outbox's disk does not answer
        pytest.param("fdatasync", "table/database", marks=pytest.mark.slow),  # of the job table: its writer hangs
    ],
)
def test_work_that_hangs_is_ended_by_the_watchdog(watched: Machine, call: str, room: str) -> None:
    before = main_pid(watched)
    earlier = len(watched.journal(UNIT))
    with hanging(watched, before, call):
        drop(watched, OIL, call, "yellow" if call == "fsync" else "olive")
        where = f"daemon/{room}.py"  # each thread's place is told while it is still there
        wait_for(lambda: where in watched.journal(UNIT)[earlier:], timeout=50, what="the watchdog")
    wait_for(lambda: restarted(watched, before), timeout=50, what="the service to be ready again")
    result(watched, OIL, call)
    said = watched.journal(UNIT)[earlier:]
    assert "loop hangs: nothing has got on there for" in said
    assert "Watchdog timeout" in said
    assert where in said.partition("Fatal Python error: Aborted")[2]


@pytest.mark.slow
def test_a_process_that_stands_still_is_ended_by_the_watchdog(watched: Machine) -> None:
    before = main_pid(watched)
    watched.run("kill", "-STOP", before)
    drop(watched, OIL, "orange", "orange")
    wait_for(lambda: restarted(watched, before), timeout=50, what="the service to be ready again")
    result(watched, OIL, "orange")


def test_it_stops_cleanly_under_load_and_goes_on_with_it(service: Machine) -> None:
    """A stop may take ten seconds; after that systemd would end it, with Result=timeout."""
    ask_sandbox(service, PREFIX, "settings", latency=0.5, predict_seconds=5.0)
    accepted = _accepted(service)
    stems = [f"load-{number}" for number in range(12)]
    for number, stem in enumerate(stems):
        drop(service, OIL, stem, f"hsl({30 * number + 15}, 80%, 40%)")
    wait_for(lambda: _accepted(service) > accepted, timeout=20, what="a submit")
    service.run("systemctl", "stop", UNIT)
    shown = properties(service, UNIT, "ActiveState", "Result", "ExecMainStatus")
    assert shown == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
    ask_sandbox(service, PREFIX, "settings", latency=0.0, predict_seconds=0.1)
    service.run("systemctl", "start", UNIT)
    for stem in stems:
        result(service, OIL, stem)
    assert _accepted(service) == accepted + len(stems)


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


def test_a_key_can_be_kept_so_that_only_systemd_reads_it(service: Machine) -> None:
    service.run("sh", "-c", "umask 077 && echo apikey-in-secret > /root/key")
    made = service.run(
        *("env", "HOME=/root", "ATLASCLOUD_BASE_URL=http://127.0.0.1:1", f"{PREFIX}/bin/hotfolder"),
        *("init", "/root/new", "--credential", "--key-file", "/root/key"),
    )
    assert "apikey-in-secret" not in made.stdout + service.run("cat", "/root/new/hotfolder.toml").stdout
    kept = "/root/new/api-key.cred"
    assert "apikey-in-secret" not in service.run("cat", kept).stdout
    assert service.run("systemd-creds", "decrypt", "--name=atlas-api-key", kept, "-").stdout == "apikey-in-secret"


def test_an_upgrade_keeps_its_jobs(service: Machine) -> None:
    before = _jobs(service)
    installation.follow(service, "Upgrade")
    assert properties(service, UNIT, "ActiveState")["ActiveState"] == "active"
    assert before
    assert before.items() <= _jobs(service).items()


def test_uninstalled_it_leaves_the_folders(service: Machine) -> None:
    service.run("systemctl", "disable", "--now", "sandbox")
    installation.follow(service, "Uninstall")
    assert not os.path.exists(service.path(PREFIX))
    assert not os.path.exists(service.path("/var/lib/hotfolder"))
    assert os.path.exists(service.path(f"{OIL.inbox}/done/red.jpg"))
