"""A daemon and a sandbox, each a process of its own, on directories of their own."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from tests.bench import files
from tests.bench.processes import Child, child
from tests.support import wait_for

_CONFIGURATION = """\
state_dir = {state}

[folders.bench]
inbox = {inbox}
outbox = {outbox}
model = "sandbox/echo"
kind = "{kind}"
input = "{kind}_url"
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """The daemon at work on `inbox`, and the sandbox at `url`. `base` is the directory around everything."""

    base: str
    url: str
    daemon: Child
    sandbox: Child

    @property
    def inbox(self) -> str:
        """The watched directory."""
        return os.path.join(self.base, "inbox")

    @property
    def outbox(self) -> str:
        """Where results appear."""
        return os.path.join(self.base, "outbox")

    @property
    def state(self) -> str:
        """The daemon's state directory."""
        return os.path.join(self.base, "state")

    @property
    def log(self) -> str:
        """The file that every process' standard error goes to."""
        return os.path.join(self.base, "log")

    def put_away(self) -> int:
        """Count the sources whose jobs are over for good."""
        with contextlib.suppress(FileNotFoundError):
            return len(os.listdir(os.path.join(self.inbox, "done")))
        return 0

    def requests_made(self) -> int:
        """Count what the sandbox was asked since `forget_requests`."""
        return len(requests.get(f"{self.url}/sandbox/journal", timeout=30).json())

    def forget_requests(self) -> None:
        """Empty the sandbox's journal."""
        requests.delete(f"{self.url}/sandbox/journal", timeout=30)

    def warm_up(self) -> None:
        """Run a few pictures through, so that what is made with the first jobs is made.

        The pauses are for watchdog: it holds events back for 0.5 s after a move into a directory that is new,
        as done/ is for the first job.
        """
        for number in range(3):
            before = self.put_away()
            files.write(os.path.join(self.inbox, f"first-{number}.png"), files.noise_png(10**9 + number))
            wait_for(lambda: self.put_away() > before, 30, f"the first jobs; see {self.log}")  # noqa: B023
            time.sleep(0.6)


@contextlib.contextmanager
def stage(base: str, *, kind: str = "image", **settings: Any) -> Iterator[Stage]:
    """Start sandbox (with these settings) and daemon in the new directory `base`; both end with the block."""
    os.makedirs(base)
    log = os.path.join(base, "log")
    with child("tests.bench.sandbox", [json.dumps(settings)], log) as sandbox:
        url = sandbox.hear()
        with _daemon(base, url, kind, log) as daemon:
            yield Stage(base, url, daemon, sandbox)


@contextlib.contextmanager
def _daemon(base: str, url: str, kind: str, log: str) -> Iterator[Child]:
    path = os.path.join(base, "hotfolder.toml")
    places = {name: json.dumps(os.path.join(base, name)) for name in ("state", "inbox", "outbox")}
    files.write(path, _CONFIGURATION.format(**places, kind=kind).encode())
    # the service manager's protocol tells when it is ready; closed then, so that nothing waits for a reader
    name = f"hotfolder-bench-{os.getpid()}-{os.path.basename(base)}"[
        :100
    ]  # abstract (unix(7)): a path may be long
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(0.2)
        environment = {"NOTIFY_SOCKET": f"@{name}", "ATLASCLOUD_BASE_URL": url, "ATLASCLOUD_API_KEY": "bench"}
        with child("daemon", ["run", "--config", path], log, environment) as daemon:
            wait_for(lambda: _ready(manager, daemon, log), 60, f"the daemon to be ready; see {log}")
            manager.close()
            yield daemon


def _ready(manager: socket.socket, daemon: Child, log: str) -> bool:
    if not daemon.running():
        with open(log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"the daemon ended before it was ready: {file.read()[-2000:]}")
    with contextlib.suppress(TimeoutError):
        return b"READY=1" in manager.recv(65536)
    return False
