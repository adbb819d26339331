"""Daemons to be killed: they stop before they begin if that is asked for, and tell which threads they have.

A step that was quick is followed by the next one in the same thread, any other is handed to another
(work/worker.py). How quick a step is depends on what else the machine does, and on strace itself, so here it is
laid down which it is.
"""

import functools
import json
import math
import os
import re
import signal
import threading
from collections.abc import Sequence

from daemon.work import worker
from tests import zygote
from tests.support import wait_for


class Fork:
    """A daemon, or another command, that was forked; everything lies in `base`."""

    def __init__(self, process: zygote.Fork, base: str) -> None:
        self.pid = process.pid
        self._process = process
        self._base = base

    def ended(self, timeout: float = 0.0) -> bool:
        """Tell whether it ended within `timeout` seconds."""
        return self._process.ended(timeout)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

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
        self.send(signal.SIGKILL)
        assert self.ended(20)


def fork(
    base: str,
    environ: dict[str, str],
    arguments: Sequence[str],
    *,
    stopped: bool = False,
    hands_on: bool | None = None,
) -> Fork:
    """Fork and run `hotfolder` with `arguments`; `stopped`: it begins when it is sent SIGCONT.

    `hands_on`: whether each step counts as slow (True) or as quick (False); None: it is as quick as it is.
    """
    with open(os.path.join(base, "log"), "ab") as log:
        process = zygote.zygote().fork(
            arguments,
            {**os.environ, **environ},
            stdout=log,
            stderr=log,
            prepare="tests.kills.forks:prepare",
            base=base,
            stopped=stopped,
            hands_on=hands_on,
        )
    forked = Fork(process, base)
    if stopped:
        wait_for(forked.is_stopped, 10, "the fork to stop itself")
    return forked


def prepare(base: str, stopped: bool, hands_on: bool | None) -> None:
    """Do in the fork what comes before its command."""
    if hands_on is not None:
        worker._QUICK = 0.0 if hands_on else math.inf
    os.write(2, f"{_mark(os.getpid())}\n".encode())
    signal.signal(signal.SIGUSR1, functools.partial(_name_threads, base))
    if stopped:
        os.kill(os.getpid(), signal.SIGSTOP)


def log_of(base: str) -> str:
    """Give what all daemons of `base` wrote to standard error."""
    path = os.path.join(base, "log")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _mark(pid: int) -> str:
    return f"--- process {pid} ---"


def _name_threads(base: str, *_: object) -> None:
    """Write down which threads there are."""
    path = os.path.join(base, f"threads-{os.getpid()}")
    main = threading.main_thread()
    names = {each.native_id: each.name for each in threading.enumerate() if each is not main and each.native_id}
    names[os.getpid()] = main.name  # whose native_id is still the zygote's
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(names, file)
    os.rename(f"{path}.new", path)
