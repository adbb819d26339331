"""The running daemon's door for commands: a Unix socket in the state directory, one JSON line each way."""

import contextlib
import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from daemon.errors import ConfigError, Fault, HotfolderError, Occupied, PartlyRefused, Refused

log = logging.getLogger(__name__)

_SOCKET = "control.sock"
_LOCK = "daemon.lock"
_LONGEST = 16 << 20
_PATIENCE = 30.0
#: Seconds until a command knocks again where the line before the door is full.
_AGAIN = 0.02

Handler = Callable[[dict[str, Any]], Any]


class NotRunning(HotfolderError):
    """No daemon runs on this state directory."""


@contextlib.contextmanager
def lock(state_dir: str) -> Iterator[None]:
    """Be the one daemon of this state directory. Raises Occupied, naming the other's process, if there is one.

    flock(2): the lock goes with the process, however it ends.
    """
    path = os.path.join(state_dir, _LOCK)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Occupied(
                [
                    Fault(
                        "state_dir",
                        f"another hotfolder (process {other}) works on {state_dir}",
                        "stop that one first, or give this one a state_dir of its own",
                    )
                ]
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _address(state_dir: str) -> Iterator[str]:
    """Give the socket's path in a form that always fits: a Unix socket's path has 108 bytes (unix(7))."""
    directory = os.open(state_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{_SOCKET}"
    finally:
        os.close(directory)


class Control:
    """Answers commands while the daemon runs; `handlers` by the name of what is to be done."""

    def __init__(self, state_dir: str, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._path = os.path.join(state_dir, _SOCKET)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)  # of a daemon that was killed; this one holds the lock
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with _address(state_dir) as address:
            self._socket.bind(address)
        os.chmod(self._path, 0o600)
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and remove the socket."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._thread.join(5.0)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return  # closed by stop
            with peer:
                peer.settimeout(_PATIENCE)
                try:
                    _send(peer, self._answer(_receive(peer)))
                except (OSError, ValueError) as error:
                    log.debug("a command went away: %s", error)
                except Exception:  # this thread is the only one that answers
                    log.exception("a command could not be answered")

    def _answer(self, asked: Any) -> dict[str, Any]:
        try:
            return {"result": self._handlers[asked.pop("do")](asked)}
        except PartlyRefused as refusal:
            return {"done": refusal.done, "refused": refusal.refused}
        except (Refused, ConfigError) as refusal:
            return {"refused": str(refusal)}
        except Exception as error:
            log.exception("a command failed")
            return {"refused": f"the daemon could not do it: {error}"}


def ask(state_dir: str, do: str, **arguments: Any) -> Any:
    """Have the running daemon do something; give its answer (JSON). Raises NotRunning, or Refused with why."""
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(_address(state_dir))
            peer = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC))
            peer.settimeout(_PATIENCE)
            _connect(peer, address)
        except OSError as error:
            raise NotRunning(f"no hotfolder daemon runs on {state_dir}") from error
        try:
            _send(peer, {"do": do, **arguments})
            answer = _receive(peer)
        except (OSError, ValueError) as error:
            raise Refused(f"the daemon did not answer: {error}") from error
    if "done" in answer:
        raise PartlyRefused(answer["done"], answer["refused"])
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer["result"]


def _connect(peer: socket.socket, address: str) -> None:
    """Connect to the door, however many stand before it. Raises OSError where there is none, and Refused."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            peer.connect(address)
        except BlockingIOError as error:  # connect(2): a socket with a time-out does not wait for a place
            if time.monotonic() > until:
                raise Refused("the daemon did not answer: too many commands wait for it") from error
            time.sleep(_AGAIN)
        else:
            return


def _send(peer: socket.socket, value: Any) -> None:
    peer.sendall(json.dumps(value).encode() + b"\n")


def _receive(peer: socket.socket) -> Any:
    parts: list[bytes] = []
    size = 0
    while not parts or not parts[-1].endswith(b"\n"):
        part = peer.recv(1 << 16)
        size += len(part)
        if not part or size > _LONGEST:
            raise ValueError("an incomplete line")
        parts.append(part)
    return json.loads(b"".join(parts))
