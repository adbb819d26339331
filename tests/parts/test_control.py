"""The door for commands: one daemon for each state directory, answers in JSON, refusals in words."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import ConfigError, Fault, Refused
from daemon.service.control import Control, NotRunning, ask, lock

HOLD = """
import sys
from daemon.service.control import lock
with lock(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


def fail(error: Exception) -> Any:
    raise error


HANDLERS: dict[str, Any] = {
    "echo": lambda asked: asked,
    "none": lambda _: None,
    "refuse": lambda _: fail(Refused("job 7 is done; there is nothing to try again")),
    "configure": lambda _: fail(ConfigError([Fault("api.key", "is missing", "set it")])),
    "stumble": lambda _: fail(KeyError("x")),
    "odd": lambda _: {1, 2},
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    control = Control(str(tmp_path), HANDLERS)
    control.start()
    yield str(tmp_path)
    control.stop()


def raw(state_dir: str, data: bytes) -> bytes:
    """Send bytes through the door and give what comes back until it closes."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(10)
        peer.connect(os.path.join(state_dir, "control.sock"))
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        parts = b""
        while part := peer.recv(1 << 16):
            parts += part
        return parts


# The lock


def test_the_second_daemon_is_told_the_first_ones_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(ConfigError, match=f"process {other.pid}"), lock(str(tmp_path)):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait(10)
    with lock(str(tmp_path)):  # goes with its process, however that ends
        assert (tmp_path / "daemon.lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock(str(tmp_path)):
            _ = 1 // 0


def test_a_lock_is_no_other_directorys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with lock(str(tmp_path)), lock(str(tmp_path / "a")):
        pass


# Questions


def test_arguments_go_there_and_answers_come_back(running: str) -> None:
    asked = {"ids": [1, 2], "name": "é\udcff\n", "nothing": None, "deep": {"a": [1.5, True]}}
    assert ask(running, "echo", **asked) == asked
    assert ask(running, "none") is None
    long = "x" * 3_000_000
    assert ask(running, "echo", text=long) == {"text": long}


def test_a_refusal_comes_as_the_words_that_were_said(running: str) -> None:
    with pytest.raises(Refused, match="nothing to try again"):
        ask(running, "refuse")
    with pytest.raises(Refused, match=r"api\.key: is missing; set it"):
        ask(running, "configure")


def test_a_stumble_stops_one_command_only(running: str) -> None:
    for do in ("stumble", "unknown", "odd"):
        with pytest.raises(Refused):
            ask(running, do)
    assert ask(running, "echo", a=1) == {"a": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"half a line",
        b"no json\n",
        b"[]\n",
        b"7\n",
        b"{}\n",
        b'{"do": []}\n',
        b"\xff\n",
        b"[" * 200_000 + b"\n",
    ],
)
def test_nonsense_closes_no_door(running: str, data: bytes) -> None:
    answer = raw(running, data)
    assert not answer or "refused" in json.loads(answer)
    assert ask(running, "echo", a=1) == {"a": 1}


def test_a_command_that_goes_away_is_no_trouble(running: str) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(os.path.join(running, "control.sock"))
            peer.sendall(b'{"do": "echo"}\n')
    assert ask(running, "echo") == {}


def stand(peer: socket.socket, state_dir: Path) -> bool:
    """Stand in the line before the door; False where it is full."""
    peer.setblocking(False)
    try:
        peer.connect(str(state_dir / "control.sock"))
    except BlockingIOError:
        return False
    return True


def test_a_command_waits_for_its_turn_however_many_stand_before_it(tmp_path: Path) -> None:
    control = Control(str(tmp_path), HANDLERS)  # nobody is let in yet
    with ThreadPoolExecutor(1) as pool:
        with contextlib.ExitStack() as stack:
            while stand(stack.enter_context(socket.socket(socket.AF_UNIX)), tmp_path):
                pass
            asked = pool.submit(ask, str(tmp_path), "echo", number=1)
            assert not wait([asked], timeout=0.3).done
        control.start()
        assert asked.result(40) == {"number": 1}
    control.stop()


def test_many_commands_at_once_all_get_their_own_answer(running: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(running, "echo", number=number), range(100)))
    assert answers == [{"number": number} for number in range(100)]


# Where there is no daemon


def test_nobody_there_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotRunning, match="no hotfolder daemon"):
            ask(str(place), "echo")


def test_a_door_is_gone_when_the_daemon_stopped(tmp_path: Path) -> None:
    control = Control(str(tmp_path), HANDLERS)
    control.start()
    assert os.stat(tmp_path / "control.sock").st_mode & 0o777 == 0o600
    control.stop()
    assert os.listdir(tmp_path) == []
    with pytest.raises(NotRunning):
        ask(str(tmp_path), "echo")


def test_the_door_of_a_killed_daemon_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    with pytest.raises(NotRunning):
        ask(str(tmp_path), "echo")
    control = Control(str(tmp_path), HANDLERS)
    control.start()
    assert ask(str(tmp_path), "echo", a=1) == {"a": 1}
    control.stop()


@pytest.mark.parametrize("name", ["x" * 200, "\udcff\n é"])
def test_a_state_directory_of_any_name_and_length(tmp_path: Path, name: str) -> None:
    deep = os.path.join(tmp_path, name, name)
    os.makedirs(deep)
    control = Control(deep, HANDLERS)
    control.start()
    assert ask(deep, "echo", a=1) == {"a": 1}
    control.stop()
    assert os.listdir(deep) == []
