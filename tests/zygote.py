"""Processes of `hotfolder` that start in a tenth of a second: one that has imported all of it forks them.

Most of what a command takes is its imports. A fork is a process like any other: with an environment, a directory,
standard streams and an exit code of its own. Run as a program, this module is the process that forks: each message
on the socket that it is given is an order (JSON) with the files that become the streams. It has no threads, so its
forks are whole.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import random
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from tests.docs.pages import ROOT

PIPE = subprocess.PIPE
_MOST = 1 << 20  # bytes of an order


class Fork:
    """A command that was forked; used as `subprocess.Popen` is."""

    def __init__(self, arguments: Sequence[str], pid: int, report: int, streams: Sequence[IO[str] | None]) -> None:
        self.args = list(arguments)
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = streams
        self._report = os.fdopen(report, "rb", buffering=0)  # its exit code comes out of this

    def poll(self) -> int | None:
        """Give its exit code (negative: the signal that ended it), or None while it runs."""
        return self.returncode if self.ended() else None

    def ended(self, timeout: float | None = 0.0) -> bool:
        """Tell whether it ended within `timeout` seconds (None: however long it takes)."""
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            with self._report:
                self.returncode = int(self._report.read())
        return self.returncode is not None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and give its exit code; raises subprocess.TimeoutExpired."""
        if not self.ended(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read what it writes to its pipes until its end; raises subprocess.TimeoutExpired, and it is gone."""
        said = {stream: "" for stream in (self.stdout, self.stderr) if stream is not None}
        readers = [threading.Thread(target=_read, args=(stream, said)) for stream in said]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        finally:
            self.send_signal(signal.SIGKILL)
            for reader in readers:
                reader.join()
        return said.get(self.stdout, "") if self.stdout else "", said.get(self.stderr, "") if self.stderr else ""


def _read(stream: IO[str], said: dict[IO[str], str]) -> None:
    with stream:
        said[stream] = stream.read()


class Zygote:
    """The process that forks; `fork` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # -B: a first import that writes its bytecode would make calls that no later one makes
            command = [sys.executable, "-B", "-m", "tests.zygote", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def close(self) -> None:
        self._socket.close()
        self._process.wait(10)

    def fork(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        *,
        directory: str | None = None,
        stdout: IO[Any] | int = PIPE,
        stderr: IO[Any] | int = PIPE,
        prepare: str = "",
        **values: object,
    ) -> Fork:
        """Fork and run `hotfolder` with these arguments and this environment, and no standard input.

        `prepare`: "module:function" to call first, in the new process, with `values` by name.
        """
        words = list(arguments)
        order = {"arguments": words, "environ": dict(environ), "directory": directory or os.getcwd()}
        order |= {"prepare": prepare, "values": values}
        with contextlib.ExitStack() as theirs:  # what only the fork keeps open
            nothing = theirs.enter_context(open(os.devnull, "rb"))
            streams = [_stream(stdout, theirs), _stream(stderr, theirs)]
            report, end = os.pipe()
            theirs.callback(os.close, end)
            files = [nothing.fileno(), *(file for file, _ in streams), end]
            with self._lock:
                socket.send_fds(self._socket, [json.dumps(order).encode()], files)
                pid = int(self._socket.recv(32))
        return Fork(words, pid, report, [stream for _, stream in streams])


def _stream(target: IO[Any] | int, theirs: contextlib.ExitStack) -> tuple[int, IO[str] | None]:
    """Give the file that a fork writes to, and for a pipe the end to read from."""
    if not isinstance(target, int):
        return target.fileno(), None
    assert target == PIPE
    reading, writing = os.pipe()
    theirs.callback(os.close, writing)
    return writing, os.fdopen(reading, encoding="utf-8")


@functools.cache
def zygote() -> Zygote:
    """Give the one zygote of this process; it is begun when it is first needed."""
    made = Zygote()
    atexit.register(made.close)
    return made


def _serve(orders: socket.socket) -> None:
    """Fork as ordered until nobody is left to order, and report each fork's exit code."""
    _import_all()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt on a terminal is meant for the tests
    with selectors.DefaultSelector() as waiting:
        waiting.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not orders:
                    waiting.unregister(key.fileobj)
                    _report(*key.data)
                    continue
                text, files, _, _ = socket.recv_fds(orders, _MOST, 4)
                if not text:
                    return
                pid = os.fork()
                if pid == 0:
                    waiting.close()
                    orders.close()
                    _become(json.loads(text), files)
                handle = os.pidfd_open(pid)
                waiting.register(handle, selectors.EVENT_READ, (handle, pid, files[-1]))
                for file in files[:-1]:
                    os.close(file)
                orders.send(str(pid).encode())


def _import_all() -> None:
    package = importlib.import_module("daemon")
    for module in pkgutil.walk_packages(package.__path__, "daemon."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    for name in ("alembic.command", "alembic.config", "alembic.script"):  # a start gets to them
        importlib.import_module(name)
    assert threading.active_count() == 1
    gc.freeze()  # or each fork would look through all that was imported when it ends


def _report(handle: int, pid: int, report: int) -> None:
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(report, str(os.waitstatus_to_exitcode(status)).encode())
    os.close(report)
    os.close(handle)


def _become(order: dict[str, Any], files: Sequence[int]) -> None:
    """Be `hotfolder` from here on: the process ends with the SystemExit that its main function raises."""
    for target, file in enumerate(files[:3]):
        os.dup2(file, target)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    random.seed()
    _open_streams(at_once=bool(os.environ.get("PYTHONUNBUFFERED")))
    sys.argv = ["hotfolder", *order["arguments"]]
    if order["prepare"]:
        module, _, function = order["prepare"].partition(":")
        getattr(importlib.import_module(module), function)(**order["values"])
    importlib.import_module("daemon.cli").main()


def _open_streams(*, at_once: bool) -> None:
    """Make the standard streams anew, as for a new process: those of the zygote know what lay behind its own."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open to the end
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(write_through=at_once)
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
