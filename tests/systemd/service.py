"""What the tests of both units need: a sandbox for the service to talk to, files to drop, questions to ask."""

import contextlib
import glob
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import Image

from tests.support import wait_for
from tests.systemd.machine import Machine

PORT = 8787
#: For the service: the sandbox instead of the API, and no more time for a stop than it may take: systemd itself
#: tells of a longer one.
DROP_IN = f"""
[Service]
Environment=ATLASCLOUD_BASE_URL=http://127.0.0.1:{PORT}
TimeoutStopSec=10
RestartSec=0
"""
#: A watchdog that a test can wait for. Only for tests about it, as it ends a daemon that a busy machine holds up.
SHORT_WATCHDOG = """
[Service]
WatchdogSec=3
"""
SANDBOX = """
[Service]
User={user}
ExecStart={prefix}/bin/hotfolder sandbox --port {port}
[Install]
WantedBy=multi-user.target
"""
CONNECT = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 1)"
ASK = """
import sys, urllib.request
data = sys.argv[2].encode() or None
sys.stdout.write(urllib.request.urlopen(sys.argv[1], data, 10).read().decode())
"""


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


def ask_sandbox(machine: Machine, prefix: str, what: str, **values: Any) -> Any:
    """Ask the sandbox at /sandbox/`what`, or give it `values`; return its answer."""
    said = json.dumps(values) if values else ""
    url = f"http://127.0.0.1:{PORT}/sandbox/{what}"
    return json.loads(machine.run(f"{prefix}/bin/python", "-c", ASK, url, said).stdout)


@contextlib.contextmanager
def hanging(machine: Machine, pid: str, call: str) -> Iterator[None]:
    """Let each `call` (a system call) of a process of the machine hang for as long as the with block lasts.

    strace stops the calling thread on its way into the kernel; for the program it is a disk that does not answer.
    Like one that waits for such a disk, the process can't end before the call goes on.
    """
    seen = _outside(machine, pid)
    inject = f"--inject={call}:delay_enter=600000000"  # in microseconds (strace(1))
    tracer = subprocess.Popen(
        [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "strace",
            "--follow-forks",
            f"--attach={seen}",
            f"--trace={call}",
            inject,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _traced(seen), what=f"strace to hold {pid}")
        yield
    finally:
        tracer.kill()  # whereupon the kernel lets go of all that it held
        tracer.wait(timeout=20)


def _outside(machine: Machine, pid: str) -> str:
    """Give the process id by which this side knows the process `pid` of the machine (proc(5), NSpid)."""
    for path in glob.glob("/proc/[0-9]*/status"):
        with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as status:
            numbers = next((line.split()[1:] for line in status if line.startswith("NSpid:")), [])
            spaces = [os.readlink(f"/proc/{each}/ns/pid") for each in (numbers[0], machine.pid)]
            if numbers[1:] == [pid] and spaces[0] == spaces[1]:
                return numbers[0]
    raise AssertionError(f"no process {pid} in the machine")


def _traced(pid: str) -> bool:
    """Tell whether every thread of a process has a tracer (proc(5), status)."""
    tracers = []
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii", errors="replace") as status:
            tracers += [line.split()[1] for line in status if line.startswith("TracerPid:")]
    return bool(tracers) and "0" not in tracers


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
