"""A backup and another machine, as docs/operations.md has it: nothing is lost, nothing is paid again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from daemon.sandbox.server import Sandbox
from tests.cli.house import House
from tests.docs import pages
from tests.support import wait_for


@pytest.fixture
def house(tmp_path: os.PathLike[str]) -> Iterator[House]:
    with Sandbox() as sandbox:
        yield House(os.path.join(tmp_path, "house"), sandbox)


def table(house: House, suffix: str = "") -> str:
    return house.path(f"state/jobs.db{suffix}")


def back_up(house: House) -> None:
    ((line,),) = (block.lines for block in pages.blocks("sh", page="docs/operations.md", heading="Backup"))
    line = line.replace("~/.local/state/hotfolder/jobs.db", table(house)).replace("~/", f"{house.directory}/")
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", line], env={"PATH": path}, check=True, timeout=50)


def put_back(house: House) -> None:
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(table(house, suffix)):
            os.rename(table(house, suffix), table(house, suffix) + ".aside")
    shutil.copyfile(house.path("jobs-backup.db"), table(house))


def test_a_backup_can_be_put_back(house: House) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    back_up(house)
    put_back(house)
    house.drop("blue.png", "blue")
    house.run("run", "--once")
    assert [job["state"] for job in house.json("jobs")] == ["done", "done"]
    assert len(house.sandbox.submits()) == 2


def test_what_was_sent_after_a_backup_waits_for_a_person_when_that_is_put_back(house: House) -> None:
    house.run("run", "--once")
    house.run("pause")
    house.drop("known.png")
    house.run("run", "--once", code=1)
    house.run("resume")
    back_up(house)
    house.sandbox.set(predict_seconds=3600.0)
    house.drop("unknown.png", "blue")
    with house.daemon():
        wait_for(lambda: len(house.sandbox.submits()) == 2, what="both to be in flight")
    put_back(house)
    house.sandbox.set(predict_seconds=0.0)
    house.run("pause")
    house.run("run", "--once", code=1)
    waiting = house.json("jobs", "--state", "queued") + house.json("jobs", "--state", "uploaded")
    assert sorted(os.path.basename(job["source"]) for job in waiting) == ["known.png", "unknown.png"]
    house.run("cancel", str(waiting[0]["id"]))
    house.run("resume")
    house.run("run", "--once")
    assert len(house.sandbox.submits()) == 3  # what was not cancelled is paid again


def test_on_another_machine_what_waited_is_taken_up_and_nothing_is_paid_again(house: House) -> None:
    house.write("hotfolder.toml", house.text().replace('duplicates = "process"', 'after = "keep"'))
    house.drop("red.png")
    house.run("run", "--once")
    house.run("pause")
    house.drop("blue.png", "blue")
    house.run("run", "--once", code=1)
    # a copy: the same paths and times, other inodes
    os.rename(house.directory, f"{house.directory}.old")
    subprocess.run(["cp", "-a", f"{house.directory}.old", house.directory], check=True, timeout=50)
    house.run("resume")
    house.run("run", "--once")
    assert len(house.sandbox.submits()) == 2
    jobs = sorted((os.path.basename(job["source"]), job["state"]) for job in house.json("jobs"))
    assert jobs == [("blue.png", "cancelled"), ("blue.png", "done"), ("red.png", "done"), ("red.png", "done")]
    results = sorted(name for name in os.listdir(house.path("outbox/oil")) if name.endswith(".png"))
    assert results == ["blue.png", "red.png", "red~1.png"]
