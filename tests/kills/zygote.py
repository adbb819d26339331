"""Daemons that start in a tenth of a second: a process that has imported all of it forks one whenever it is asked.

Run as a program, this module is that process: each line of its standard input is an order (JSON), each line of its
standard output the process id of the daemon that was forked for it. It has no threads, so a fork of it is whole.
"""

import functools
import importlib
import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, Self

from tests.docs.readme import ROOT
from tests.support import wait_for

#: What a start imports, some of it only when it gets there.
_IMPORTED = (
    "alembic.command",
    "alembic.config",
    "alembic.script",
    "daemon.actions",
    "daemon.cli.app",
    "daemon.cli.logs",
    "daemon.config",
    "daemon.foreground",
    "daemon.reach",
    "daemon.service",
)


class Fork:
    """A daemon, or another command, that the zygote forked; everything lies in `base`."""

    def __init__(self, pid: int, base: str) -> None:
        self.pid = pid
        self._base = base
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:  # over already
            self._handle = os.open(os.devnull, os.O_RDONLY)

    def ended(self, timeout: float = 0.0) -> bool:
        """Tell whether it ended within `timeout` seconds."""
        return bool(select.select([self._handle], [], [], timeout)[0])

    def send(self, number: signal.Signals) -> None:
        signal.pidfd_send_signal(self._handle, number)

    def is_stopped(self) -> bool:
        """Tell whether SIGSTOP holds it."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2].startswith("T")

    def ready(self) -> bool:
        """Tell whether it watches its inboxes."""
        return "ready:" in log_of(self._base).partition(_mark(self.pid))[2]

    def until_ready(self) -> None:
        wait_for(lambda: self.ready() or self.ended(), 20, "the daemon to watch its inboxes")
        assert not self.ended(), log_of(self._base)

    def threads(self) -> dict[int, str]:
        """Give its threads: the kernel's ids and Python's names, without the numbers of those in a pool."""
        path = os.path.join(self._base, f"threads-{self.pid}")
        self.send(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(path), 10, "the daemon to name its threads")
        with open(path, encoding="utf-8") as file:
            return {int(thread): re.sub(r"-\d+$", "", name) for thread, name in json.load(file).items()}

    def close(self) -> None:
        """End it if it still runs."""
        if not self.ended():
            self.send(signal.SIGKILL)
            assert self.ended(10)
        os.close(self._handle)


class Zygote:
    """The process that forks daemons, from `with` to its end. `fork` may be called from any thread."""

    def __enter__(self) -> Self:
        # -B: a first import that writes its bytecode would make calls that no later one makes
        command = [sys.executable, "-B", "-m", "tests.kills.zygote"]
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def fork(self, base: str, environ: dict[str, str], arguments: Sequence[str], *, stopped: bool = False) -> Fork:
        """Fork and run `hotfolder` with `arguments`; `stopped`: it begins when it is sent SIGCONT."""
        order = {"base": base, "environ": environ, "arguments": list(arguments), "stopped": stopped}
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            process = Fork(int(self._process.stdout.readline()), base)
        if stopped:
            wait_for(process.is_stopped, 10, "the fork to stop itself")
        return process


def log_of(base: str) -> str:
    """Give what all daemons of `base` wrote to standard error."""
    path = os.path.join(base, "log")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _mark(pid: int) -> str:
    return f"--- process {pid} ---"


def _serve() -> None:
    for module in _IMPORTED:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: the kernel clears them away
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
            return
        print(pid, flush=True)


def _become(order: dict[str, Any]) -> None:
    """Be `hotfolder` from here on: the process ends with the SystemExit that its main function raises."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed()
    base = order["base"]
    log = os.open(os.path.join(base, "log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    os.close(nothing)
    os.close(log)
    os.environ.update(order["environ"])
    os.write(2, f"{_mark(os.getpid())}\n".encode())
    signal.signal(signal.SIGUSR1, functools.partial(_name_threads, base))
    sys.argv = ["hotfolder", *order["arguments"]]
    if order["stopped"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    importlib.import_module("daemon.cli.app").main()


def _name_threads(base: str, *_: object) -> None:
    """Write down which threads there are."""
    path = os.path.join(base, f"threads-{os.getpid()}")
    main = threading.main_thread()
    names = {each.native_id: each.name for each in threading.enumerate() if each is not main and each.native_id}
    names[os.getpid()] = main.name  # whose native_id is still the zygote's
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(names, file)
    os.rename(f"{path}.new", path)


if __name__ == "__main__":
    _serve()
