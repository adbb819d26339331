"""Small pictures of sources and results: each made once, when it is first looked at, and kept beside the table.

They are made one at a time in a process of its own (`painter.py`), which ends when nothing was asked of it for a
while. What it can't do in time is not shown, and not tried again until the daemon starts anew.
"""

import contextlib
import hashlib
import logging
import os
import socket
import subprocess
import sys
import threading
from collections import OrderedDict

from daemon import cores
from daemon.files import temporary_file
from daemon.source import open_regular

log = logging.getLogger(__name__)

_SECONDS = 20.0  # for one picture
_IDLE = 20.0  # until the process ends
#: Bytes that are kept on disk, and what is left of them after some were removed, the oldest first.
_KEPT, _LEFT = 256_000_000, 192_000_000
#: Bytes that must be free on the disk of the job table, which comes first.
_ROOM = 500_000_000
#: How often the kept ones are counted: after so many new ones.
_ROUND = 200
_FAILURES = 10_000


class Thumbs:
    """Gives small pictures, kept in `directory`. Thread-safe; made one at a time."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._timer: threading.Timer | None = None
        self._failed: OrderedDict[str, None] = OrderedDict()
        self._made = 0
        self._closed = False

    def of(self, path: str) -> bytes:
        """Give a small picture (WebP) of the file at `path`. Raises OSError if there can be none."""
        descriptor, status = open_regular(path)
        try:
            what = f"{path}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
            name = hashlib.sha256(os.fsencode(what)).hexdigest()[:40]
            kept = os.path.join(self._directory, f"{name}.webp")
            with contextlib.suppress(FileNotFoundError):
                return _read(kept)
            with self._lock:
                with contextlib.suppress(FileNotFoundError):
                    return _read(kept)  # made while this one waited
                if name in self._failed:
                    raise OSError("there is no small picture of this file")
                self._make(descriptor, kept, name)
                return _read(kept)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """End the process, if there is one, whatever it is at; make no more pictures."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()  # else a large picture could keep the lock for long
        self._rest()

    def _rest(self) -> None:
        with self._lock:
            self._end()

    def _make(self, descriptor: int, kept: str, name: str) -> None:
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize < _ROOM:
            raise OSError("what room is left is for the job table")
        if self._timer is not None:
            self._timer.cancel()
        if self._process is None:
            self._process = _Process()
        if self._closed:  # asked only now: `close` ends the process that it finds
            raise OSError("the page is closed")
        draft = os.path.join(self._directory, f".{name}.part")
        try:
            with temporary_file(draft) as target:
                self._process.make(descriptor, target)
                os.rename(draft, kept)
        except _Unable as error:
            self._failed[name] = None
            if len(self._failed) > _FAILURES:
                self._failed.popitem(last=False)
            if error.over:
                self._end()
            raise OSError(str(error)) from None
        finally:
            self._end_later()
        self._made += 1
        if self._made % _ROUND == 1:
            self._clear()

    def _end_later(self) -> None:
        self._timer = threading.Timer(_IDLE, self._rest)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _clear(self) -> None:
        """Remove the oldest ones where there are too many."""
        with os.scandir(self._directory) as entries:
            found = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries)
        total = sum(size for _, size, _ in found)
        if total <= _KEPT:
            return
        for _, size, path in found:
            if total <= _LEFT:
                return
            os.unlink(path)
            total -= size


class _Unable(Exception):
    """No small picture could be made; `over`: the process is of no more use."""

    def __init__(self, *, over: bool) -> None:
        super().__init__("no small picture could be made of this file")
        self.over = over


class _Process:
    """The process that unpacks pictures."""

    def __init__(self) -> None:
        self._peer, other = socket.socketpair()
        with other:
            self._peer.settimeout(_SECONDS)
            with cores.roaming():
                self._child = subprocess.Popen(  # it gets nothing of ours: no environment (the key!), no files
                    # -P: nothing is loaded from the directory in which the daemon happens to run
                    [sys.executable, "-P", "-m", "daemon.web.painter", str(other.fileno())],
                    pass_fds=[other.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                    start_new_session=True,
                )

    def make(self, source: int, target: int) -> None:
        """Have a small picture made of one open file in another. Raises _Unable."""
        try:
            socket.send_fds(self._peer, [b"?"], [source, target])
            answer = self._peer.recv(1)
        except OSError:
            raise _Unable(over=True) from None
        if answer != b"+":
            raise _Unable(over=not answer)

    def kill(self) -> None:
        """End it at once, from any thread; who waits for a picture is told that there is none."""
        self._child.kill()

    def end(self) -> None:
        """End it at once, and wait for that; it keeps nothing."""
        self._peer.close()
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(5.0)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
