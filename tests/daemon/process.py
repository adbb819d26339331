"""`hotfolder run` as a process of its own, on a house's configuration."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

from daemon.clock import Clock
from daemon.service.control import NotRunning, ask
from daemon.service.service import table_url
from daemon.states import Job
from daemon.table.queries import Queries
from tests.daemon.house import House
from tests.support import wait_for
from tests.zygote import Fork, zygote


class Process:
    """A daemon's process; `log` is what it wrote to standard error so far."""

    def __init__(self, house: House, before: Sequence[str] = ()) -> None:
        """`before`: the words of a command line that the daemon's is appended to."""
        self._house = house
        self._path = os.path.join(house.base, "log")
        self._state_dir = house.settings().state_dir
        words = ["run", "--config", house.config]
        environ = {**os.environ, **house.environ}
        self._process: Fork | subprocess.Popen[bytes]
        with open(self._path, "ab") as log:
            if before:
                command = [*before, sys.executable, "-m", "daemon", *words]
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ
                )
            else:
                self._process = zygote().fork(words, environ, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        with open(self._path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def until_ready(self) -> None:
        """Wait until it answers commands and watches its inboxes."""
        before = self.log.count("ready:")

        def answers() -> bool:
            assert self._process.poll() is None, self.log
            with contextlib.suppress(NotRunning):
                return bool(ask(self._state_dir, "status")) and self.log.count("ready:") >= max(before, 1)
            return False

        wait_for(answers, 20, "the daemon")

    def memory(self) -> int:
        """Give its resident memory in bytes (proc(5), statm)."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def reload(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def freeze(self) -> None:
        """Let none of its threads do anything more, but for system calls that they are in."""
        self._process.send_signal(signal.SIGSTOP)
        wait_for(lambda: all(state in "TD" for state in self._states()), 10, "all threads to stand still")

    def cores(self) -> dict[int, set[int]]:
        """Give, by thread, the processor cores that it may run on."""
        cores = {}
        for thread in map(int, os.listdir(f"/proc/{self.pid}/task")):
            with contextlib.suppress(ProcessLookupError):
                cores[thread] = os.sched_getaffinity(thread)
        return cores

    def _states(self) -> list[str]:
        """Give the state of each of its threads (proc_pid_stat(5))."""
        states = []
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            path = f"/proc/{self.pid}/task/{thread}/stat"
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path, "rb") as file:
                states.append(file.read().rpartition(b")")[2].split()[0].decode())
        return states

    def kill(self) -> None:
        """End it as a power cut ends a process."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def terminate(self, timeout: float = 10.0) -> int:
        """Ask it to stop; give its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float = 10.0) -> int:
        return self._process.wait(timeout)

    def end(self) -> None:
        if self._process.poll() is None:
            self.kill()


@contextlib.contextmanager
def running(house: House, before: Sequence[str] = ()) -> Iterator[Process]:
    """Start a daemon, wait until it is ready, and see that it is gone in the end."""
    process = Process(house, before)
    try:
        process.until_ready()
        yield process
    finally:
        process.end()


def jobs_of(house: House) -> list[Job]:
    """Read the table, whether or not a daemon runs; oldest job first."""
    queries = Queries(table_url(house.settings()), Clock())
    try:
        return queries.listed()[::-1]
    finally:
        queries.close()
