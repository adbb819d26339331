"""What a machine refuses: inotify watches, reading a file. In processes of their own, with limits of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inbox.conftest import PNG

#: Drops a picture into a subfolder, then prints what was added and noted.
PROGRAM = """
import os, sys, threading
from daemon.clock import Clock
from daemon.config import FolderRule
from daemon.inbox.intake import Inbox
from tests.support import wait_for
root, picture = sys.argv[1], bytes.fromhex(sys.argv[2])
for number in range(20):
    os.makedirs(f"{root}/{number}")
added = threading.Event()
inbox = Inbox(
    known=lambda folder, sources: {},
    add=lambda jobs: (print("added", *(job.source for job in jobs)), added.set()),
    clock=Clock().now,
    on_note=lambda folder, message: print("noted", message),
    poll_every=0.1,
)
rule = FolderRule(name="cats", inbox=root, outbox=root + "-out", kind="image", model="maker/model", settle=0.2)
inbox.start({"cats": rule})
assert inbox.ready.wait(20)
with open(f"{root}/19/cat.png", "wb") as file:
    file.write(picture)
if sys.argv[3] == "scan":
    inbox.rescan()
assert added.wait(20), "the file was not found"
for _ in range(2):
    inbox.rescan()
    wait_for(inbox.quiet, what="quiet")
inbox.stop()
"""


def run(tmp_path: Path, how: str, setting: str = "", value: int = 0) -> str:
    """Run the program, in a user namespace with the inotify limit `setting` or none; give its output."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path / "in"), PNG.hex(), how]
    script = command
    if setting or os.geteuid() == 0:
        first = f"echo {value} > /proc/sys/user/{setting}" if setting else "true"
        enter = ["unshare", "--user", "--map-root-user", "sh", "-c"]
        if subprocess.run([*enter, first], capture_output=True, check=False).returncode:
            pytest.skip("user namespaces can't be made here")
        script = [*enter, f'{first} && exec "$@"', "sh", *command]
    done = subprocess.run(script, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_watches_for_subfolders_it_is_said_and_scans_find_the_files(tmp_path: Path) -> None:
    output = run(tmp_path, "scan", "max_inotify_watches", 5)
    assert "19/cat.png" in output
    assert output.count("no inotify watches are left") == 1


@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_without_any_watch_the_inbox_is_polled(tmp_path: Path, limit: str) -> None:
    output = run(tmp_path, "poll", limit)
    assert "19/cat.png" in output
    assert "is polled" in output


def test_a_file_that_cannot_be_read_is_noted_once_and_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    locked = tmp_path / "in" / "locked.png"
    locked.write_bytes(PNG)
    locked.chmod(0)
    if os.geteuid() == 0:
        os.chown(locked, 12345, 12345)  # nobody's in the namespace, where even root may not read it then
    output = run(tmp_path, "scan")
    assert output.count("can't be read") == 1
    added = {line for line in output.splitlines() if line.startswith("added")}
    assert added == {f"added {tmp_path}/in/19/cat.png"}
