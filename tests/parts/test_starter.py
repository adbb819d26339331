"""The starter: all of a first configuration is made, or nothing."""

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.errors import ConfigError, Refused
from daemon.setup import starter, wizard
from daemon.setup.starter import Secret
from tests.docs.pages import ROOT

SECRET = Secret("api-key", b"apikey-1\n")
WANTED = wizard.wish(beside=True, name="oil")


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_all_of_it_is_made_and_the_secret_is_its_owners(tmp_path: Path) -> None:
    settings = starter.create(str(tmp_path / "deep/new"), WANTED, {}, secret=SECRET)
    assert settings.folders["oil"].inbox == str(tmp_path / "deep/new/inbox/oil")
    made = tree(tmp_path / "deep/new")
    assert made == ["api-key", "hotfolder.toml", "inbox", "inbox/oil", "outbox", "outbox/oil", "state"]
    assert stat.S_IMODE((tmp_path / "deep/new/api-key").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["hotfolder.toml", "api-key", "outbox"])
def test_where_a_name_is_taken_nothing_is_made_and_nothing_is_changed(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises((Refused, ConfigError)):
        starter.create(str(tmp_path), WANTED, {}, secret=SECRET)
    assert tree(tmp_path) == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_what_was_there_stays_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "inbox/oil").mkdir(parents=True)
    (tmp_path / "api-key").write_text("mine")
    with pytest.raises(Refused):
        starter.create(str(tmp_path), WANTED, {}, secret=SECRET)
    assert tree(tmp_path) == ["api-key", "inbox", "inbox/oil"]


def test_a_wish_that_makes_no_configuration_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        starter.create(str(tmp_path / "new"), replace(WANTED, outbox="inbox/oil/out"), {})
    assert tree(tmp_path) == []


INTERRUPTED = """
import os, signal, sys
from daemon.setup import starter, wizard
from daemon.setup.starter import Secret

def interrupt(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "_write" and interrupt.left:
        interrupt.left -= 1
        if not interrupt.left:
            os.kill(os.getpid(), signal.SIGINT)

interrupt.left = int(sys.argv[2])
sys.setprofile(interrupt)
starter.create(sys.argv[1], wizard.wish(beside=True, name="oil"), {}, secret=Secret("api-key", b"k"))
"""


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupt_while_it_writes_leaves_nothing(tmp_path: Path, at: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "new"), str(at)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == -signal.SIGINT, done.stderr
    assert tree(tmp_path) == []
