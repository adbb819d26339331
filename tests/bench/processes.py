"""Child processes, and what the kernel knows of them: processor time, memory, bytes written, wake-ups."""

import contextlib
import glob
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, cast

#: This checkout.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_KIB = 1024


class Child:
    """A Python process of this repository. `say` and `hear` exchange lines with it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process

    def say(self, line: str) -> None:
        """Send a line to its standard input."""
        into = cast("IO[str]", self._process.stdin)
        into.write(f"{line}\n")
        into.flush()

    def hear(self) -> str:
        """Give the next line of its standard output; raises RuntimeError if it has ended."""
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with code {self._process.wait()}")
        return line.rstrip("\n")

    def cpu(self) -> float:
        """Give the processor time of all its threads so far, in seconds (clock_getcpuclockid(3)).

        The id of a process' clock is made of its pid as that function makes it; /proc/PID/stat counts in
        hundredths of a second, too coarse for a daemon that does nothing.
        """
        return time.clock_gettime((~self.pid << 3) | 2)

    def running(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.poll() is None

    def memory(self, field: str) -> int:
        """Give `Rss` or `Pss` in bytes (proc_pid_smaps(5))."""
        return _kib(f"/proc/{self.pid}/smaps_rollup", field)

    def peak(self) -> int:
        """Give the highest RSS since the start or `reset_peak`, in bytes (VmHWM, proc_pid_status(5))."""
        return _kib(f"/proc/{self.pid}/status", "VmHWM")

    def reset_peak(self) -> None:
        """Let the highest RSS be the present one (proc_pid_clear_refs(5))."""
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def written(self) -> int:
        """Give the bytes that it caused to be written to disks (proc_pid_io(5))."""
        return _number(f"/proc/{self.pid}/io", "write_bytes")

    def wake_ups(self) -> int:
        """Give how often its threads went to sleep of their own accord, and so woke up."""
        tasks = glob.glob(f"/proc/{self.pid}/task/*/status")
        return sum(_number(path, "voluntary_ctxt_switches") for path in tasks)


@contextlib.contextmanager
def child(
    module: str,
    arguments: Sequence[str],
    log: str,
    environment: Mapping[str, str] | None = None,
    *,
    tree: str = ROOT,
) -> Iterator[Child]:
    """Run `python -m module` until the end of the with block; its standard error goes to the file `log`.

    `tree`: the checkout whose module it is.
    """
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
            cwd=tree,
        )
    try:
        yield Child(process)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                cast("IO[str]", stream).close()


def _number(path: str, field: str) -> int:
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0])
    raise LookupError(f"{path} has no {field}")


def _kib(path: str, field: str) -> int:
    return _number(path, field) * _KIB
