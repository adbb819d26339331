"""What the tests of both units need: a sandbox for the service to talk to, files to drop, questions to ask."""

import os
from typing import NamedTuple

from PIL import Image

from tests.support import wait_for
from tests.systemd.machine import Machine

PORT = 8787
#: For the service: the sandbox instead of the API, and a watchdog that a test can wait for.
DROP_IN = f"[Service]\nEnvironment=ATLASCLOUD_BASE_URL=http://127.0.0.1:{PORT}\nWatchdogSec=3\n"
SANDBOX = """
[Service]
User={user}
ExecStart={prefix}/bin/hotfolder sandbox --port {port}
[Install]
WantedBy=multi-user.target
"""
CONNECT = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 1)"


class Folders(NamedTuple):
    """An inbox and its outbox, as paths in the machine."""

    inbox: str
    outbox: str


def start_sandbox(machine: Machine, prefix: str, user: str) -> None:
    """Start the sandbox as a service of its own that comes back with the machine, and wait until it listens."""
    unit = SANDBOX.format(prefix=prefix, user=user, port=PORT)
    machine.run("tee", "/etc/systemd/system/sandbox.service", given=unit)
    machine.run("systemctl", "enable", "--now", "sandbox")
    wait_for(lambda: listens(machine, prefix), timeout=20, what="the sandbox to listen")


def listens(machine: Machine, prefix: str) -> bool:
    return machine.run(f"{prefix}/bin/python", "-c", CONNECT, check=False).returncode == 0


def drop(machine: Machine, folders: Folders, stem: str, colour: str) -> None:
    """Write a small picture of one colour into the inbox."""
    path = machine.path(f"{folders.inbox}/{stem}.jpg")
    Image.new("RGB", (64, 48), colour).save(path, "JPEG")


def result(machine: Machine, folders: Folders, stem: str) -> str:
    """Wait for a file's result and for its source in `done/`; return the result's path as seen from outside."""
    outbox = machine.path(folders.outbox)

    def found() -> list[str]:
        names = os.listdir(outbox) if os.path.isdir(outbox) else []
        return [name for name in names if name.startswith(f"{stem}.") and not name.endswith(".json")]

    (name,) = wait_for(found, timeout=30, what=f"the result of {stem}")
    put_away = machine.path(f"{folders.inbox}/done/{stem}.jpg")
    wait_for(lambda: os.path.exists(put_away), what=put_away)
    return os.path.join(outbox, name)


def properties(machine: Machine, unit: str, *names: str) -> dict[str, str]:
    """Give properties of a system unit (systemctl show)."""
    shown = machine.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


def read_only(machine: Machine, pid: str, path: str) -> bool:
    """Tell whether `path` lies on a read-only mount to the process `pid` of the machine (proc(5), mountinfo)."""
    with open(machine.path(f"/proc/{pid}/mountinfo"), encoding="utf-8") as mounts:
        fields = [line.split() for line in mounts]
    above = [field for field in fields if f"{path}/".startswith(f"{field[4].rstrip('/')}/")]
    deepest = max(enumerate(above), key=lambda item: (len(item[1][4]), item[0]))[1]  # of equals, the last covers
    return "ro" in deepest[5].split(",")
