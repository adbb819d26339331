"""Every command line of the pages is run: a newcomer's evening, from `init` to the last line of the last page.

Blocks run in the order of the pages in one directory with one home; a line `… hotfolder run` stays open and is the
daemon that all the others find. Then each `hotfolder …` in the text is run as it stands there, with real ids.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PIL import Image

from daemon.sandbox.server import Sandbox
from tests.docs import pages
from tests.docs.pages import ROOT
from tests.support import wait_for
from tests.zygote import PIPE, Fork, zygote

#: What needs more than a home and a sandbox is run there.
ELSEWHERE = {
    "hotfolder demo": "tests/cli/test_first_steps.py",
    "hotfolder sandbox": "tests/cli/test_first_steps.py",
    "hotfolder init --service": "tests/systemd/test_user_service.py",
    "hotfolder notify": "tests/cli/test_notify.py",
    "hotfolder run": "tests/docs/test_commands.py",
}
#: A second daemon is refused; what looks at the inboxes from outside is told that one works there.
BESIDE_A_DAEMON = {"hotfolder run --once": 1}


def test_every_block_is_run_or_says_why_not() -> None:
    for block in pages.blocks("sh"):
        named = re.findall(r"tests/[\w/]+", block.remark)
        assert all(os.path.exists(os.path.join(ROOT, path)) for path in named), block.remark
        assert not block.remark or re.fullmatch(r"run by .+|not run by tests: .+", block.remark), block.remark


class Evening:
    """A home with a sandbox for the API, and the commands that a person types there."""

    def __init__(self, directory: str, sandbox: Sandbox) -> None:
        self.directory, self.sandbox = directory, sandbox
        self.home = os.path.join(directory, "home")
        self.environ = {
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
            "HOME": self.home,
            "PYTHONPATH": ROOT,
            "ATLASCLOUD_BASE_URL": sandbox.url,
            "COLUMNS": "200",
        }
        self.daemon: Fork | None = None
        self._taken = 0
        os.makedirs(os.path.join(directory, ".venv/bin"))
        os.makedirs(self.home)
        program = os.path.join(directory, ".venv/bin/hotfolder")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m daemon "$@"\n')
        os.chmod(program, 0o700)
        self.picture("cat.jpg", "grey")

    def inbox(self, name: str) -> str:
        return os.path.join(self.home, "Atlas/inbox/oil-painting", name)

    def picture(self, path: str, colour: str) -> None:
        Image.new("RGB", (64, 48), colour).save(os.path.join(self.directory, path))

    def shell(self, line: str) -> None:
        """Run a line of a block, or let it stay open if it is the daemon."""
        if line.endswith("hotfolder run"):
            self.daemon = zygote().fork(["run"], self.environ, directory=self.directory, stderr=PIPE)
            wait_for(lambda: '"running": true' in self.run("status", "--json"), 40, "the daemon to answer")
            return
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if line.endswith("hotfolder init"):
            self._add_to_configuration()

    def _add_to_configuration(self) -> None:
        """Add the other folder that the pages name, and let the page take any port: tests run side by side."""
        path = os.path.join(self.home, ".config/hotfolder/hotfolder.toml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        (shots,) = pages.blocks("toml", heading="Product shots")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("[web]\n", "[web]\nport = 0\n") + "\n".join(shots.lines) + "\n")

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command of `hotfolder`; give what it wrote."""
        fork = zygote().fork(arguments, self.environ, directory=self.directory, stderr=PIPE)
        out, err = fork.communicate(timeout=50)
        assert fork.returncode == code, f"{arguments}: {fork.returncode}\n{out}{err}"
        return out

    def new_job(self, state: str) -> int:
        """Leave a new job behind that is `held` for an unknown submit, `queued`, or `failed`; give its id."""
        before = self._ids(state)
        self._taken += 1
        path = self.inbox(f"{self._taken}.png")
        if state == "held":
            self.sandbox.fault("submit", "reset_after")
        if state == "queued":
            self.run("pause")
        if state == "failed":
            with open(path, "w", encoding="utf-8") as file:
                file.write("no picture, whatever its name says\n" * 20)
        else:
            self.picture(path, f"#0000{self._taken:02x}")
        job = wait_for(lambda: max(self._ids(state) - before, default=0), 40, f"a job to be {state}")
        if state == "failed":
            self.picture(self.inbox(f"failed/{self._taken}.png"), "red")  # mended
        return job

    def _ids(self, state: str) -> set[int]:
        return {int(found) for found in re.findall(r'"id": (\d+)', self.run("jobs", "--state", state, "--json"))}


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """Run every block of every page, and leave the daemon open."""
    with Sandbox() as sandbox:
        newcomer = Evening(str(tmp_path_factory.mktemp("evening")), sandbox)
        try:
            for block in pages.blocks("sh"):
                for line in block.lines if not block.remark else ():
                    newcomer.shell(line)
            yield newcomer
        finally:
            if newcomer.daemon is not None:
                newcomer.daemon.send_signal(signal.SIGTERM)
                newcomer.daemon.communicate(timeout=20)


def lines() -> list[str]:
    """Give each command line of `hotfolder` that stands in the text of the pages, once."""
    found = {line for page in pages.pages() for line in re.findall(r"`(hotfolder [^`\n]+)`", pages.text(page))}
    return sorted(found - ELSEWHERE.keys())


def filled(line: str, evening: Evening) -> list[str]:
    """Give a line's words with something real in place of each word in capitals."""
    words = shlex.split(line)[1:]
    values = {"FOLDER": "oil-painting", "NAME": "oil-painting", "FILE": "cat.jpg", "WORDS": "nano"}
    if "ID" in words:
        state = {"hotfolder retry ID": "failed", "hotfolder cancel ID": "queued"}.get(line, "held")
        values["ID"] = str(evening.new_job(state))
    if "PREDICTION" in words:
        values["PREDICTION"] = str(evening.sandbox.submits()[-1].prediction_id)
    if words[0] == "init":
        words += [f"another-{len(words)}"]  # the first one is there
    if words[0] == "page":
        words += ["--print"]
    return [values.get(word, word) for word in words]


def test_what_is_run_elsewhere_is_there() -> None:
    assert [path for path in ELSEWHERE.values() if not os.path.exists(os.path.join(ROOT, path))] == []


def test_the_blocks_have_made_a_backup_that_is_whole(evening: Evening) -> None:
    import sqlite3

    with sqlite3.connect(os.path.join(evening.home, "jobs-backup.db")) as copy:
        assert copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
    copy.close()


@pytest.mark.parametrize("line", lines())
def test_each_line_of_the_text_does_what_it_says(line: str, evening: Evening) -> None:
    evening.run(*filled(line, evening), code=BESIDE_A_DAEMON.get(line, 0))
