"""Folders that vanish, fill up or lose their mount: spending stops, nothing is lost, no look-alike is made."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from daemon.gates.gate import FIRST_PROBE
from daemon.states import State
from tests.daemon.house import FOLDER, LASTING, House, files_below
from tests.daemon.samples import picture
from tests.support import wait_for

mounting = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@contextlib.contextmanager
def tmpfs(path: str, size: str = "128M") -> Iterator[None]:
    """Mount an empty file system in memory at `path`; unmounted by the test or at the end."""
    os.makedirs(path, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", path], check=True)
    try:
        yield
    finally:
        while os.path.ismount(path):
            subprocess.run(["umount", "--lazy", path], check=True)


def until_gate(house: House) -> None:
    wait_for(lambda: house.gates() == {"folder": FOLDER}, 10, "the folder's gate")
    house.until_rest()


def test_a_missing_outbox_stops_spending_and_is_never_made_anew(house: House) -> None:
    house.start()
    os.rmdir(house.outbox())
    one, two = house.drop("cat.png", picture(1)), house.drop("dog.png", picture(2))
    until_gate(house)
    house.until(one, State.HELD, State.QUEUED, State.UPLOADED)
    house.hurry()
    house.until_rest()
    assert house.submits() == []
    assert not os.path.exists(house.outbox())
    os.mkdir(house.outbox())
    house.hurry()
    house.until(one)
    house.until(two)
    assert len(house.submits()) == 2
    assert house.gates() == {}


def test_other_folders_go_on_while_one_outbox_is_missing(house: House) -> None:
    house.start({FOLDER: {}, "others": {}})
    os.rmdir(house.outbox())
    house.drop("cat.png", picture(1))
    until_gate(house)
    house.until(house.drop("dog.png", picture(2), "others"))
    assert len(house.submits()) == 1


def test_an_outbox_that_vanishes_while_the_prediction_runs_holds_what_is_paid(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    os.rmdir(house.outbox())
    house.sandbox.end_predictions()
    job = house.until_held(source, "folder")
    assert job.prediction_id
    assert not os.path.exists(house.outbox())
    os.mkdir(house.outbox())
    house.hurry()
    house.until(source)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_an_outbox_that_is_a_file_is_no_outbox(house: House) -> None:
    house.start()
    os.rmdir(house.outbox())
    house.put(house.outbox(), b"a file")
    house.drop("cat.png", picture())
    until_gate(house)
    assert house.submits() == []


def test_a_job_that_waits_for_its_folder_goes_on_after_a_restart(house: House) -> None:
    house.start()
    os.rmdir(house.outbox())
    source = house.drop("cat.png", picture())
    until_gate(house)
    house.stop()
    os.mkdir(house.outbox())
    house.begin()
    house.until(source)
    assert len(house.submits()) == 1


def test_an_inbox_that_vanishes_is_told_and_taken_up_when_it_is_back(house: House) -> None:
    house.start()
    shutil.rmtree(house.inbox())
    house.daemon.parts.inbox.rescan()
    wait_for(lambda: house.daemon.status()["folders"][FOLDER]["absent"], 10, "the notice")
    assert not os.path.exists(house.inbox())
    house.put(os.path.join(house.base, "new", "cat.png"), picture())
    os.rename(os.path.join(house.base, "new"), house.inbox())
    house.daemon.parts.inbox.rescan()
    house.until(house.inbox(FOLDER, "cat.png"))
    assert house.results() == {"cat.png": picture()}


def test_a_source_is_put_away_later_where_its_inbox_is_away_for_a_while(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    away = os.path.join(house.base, "away")
    os.rename(house.inbox(), away)
    house.sandbox.end_predictions()
    wait_for(lambda: (job := house.job(source)) and job.state in {State.DONE, State.HELD}, 10, "the end")
    assert not os.path.exists(house.inbox())
    os.rename(away, house.inbox())
    house.hurried(source)
    assert files_below(house.inbox()) == {"done/cat.png": picture()}
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


@mounting
def test_no_result_goes_below_the_mount_point_of_an_outbox_that_is_not_mounted(house: House) -> None:
    def probed_in_vain() -> bool:
        return any(gate.wait > FIRST_PROBE for gate in house.daemon.parts.gates.closed())

    with tmpfs(house.outbox()):
        house.start()
        house.until(house.drop("cat.png", picture(1)))
        subprocess.run(["umount", house.outbox()], check=True)
        source = house.drop("dog.png", picture(2))
        until_gate(house)
        house.restart()
        house.hurry()
        wait_for(probed_in_vain, 10, "a probe that finds it still gone")
        house.until_rest()
        assert os.listdir(house.outbox()) == []
        assert len(house.submits()) == 1
        with tmpfs(house.outbox()):
            house.hurried(source)
            assert list(house.results()) == ["dog.png"]


@mounting
def test_an_outbox_without_room_takes_no_submit(house: House) -> None:
    with tmpfs(house.outbox(), "1M"):
        house.start()
        source = house.drop("cat.png", picture())
        until_gate(house)
        assert house.submits() == []
        subprocess.run(["mount", "-o", "remount,size=128M", house.outbox()], check=True)
        house.hurry()
        house.until(source)


@mounting
def test_an_outbox_that_is_read_only_takes_no_submit_and_later_what_is_paid(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    with tmpfs(house.outbox()):
        house.start()
        paid = house.drop("cat.png", picture(1))
        house.until(paid, State.PROCESSING)
        subprocess.run(["mount", "-o", "remount,ro", house.outbox()], check=True)
        other = house.drop("dog.png", picture(2))
        house.sandbox.end_predictions()
        house.until_held(paid, "folder")
        until_gate(house)
        assert len(house.submits()) == 1
        subprocess.run(["mount", "-o", "remount,rw", house.outbox()], check=True)
        house.hurry()
        house.until(paid)
        house.until(other)
        assert len(house.submits()) == 2


@mounting
def test_a_result_that_finds_the_disk_full_leaves_no_half_file_and_arrives_once_there_is_room(
    house: House,
) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    with tmpfs(house.outbox()):
        house.start()
        source = house.drop("cat.png", picture())
        house.until(source, State.PROCESSING)
        with contextlib.suppress(OSError), open(house.outbox(FOLDER, "filler"), "wb") as filler:
            while filler.write(bytes(1 << 20)):
                filler.flush()
        house.sandbox.end_predictions()
        house.until_held(source, "folder")
        assert os.listdir(house.outbox()) == ["filler"]
        os.unlink(house.outbox(FOLDER, "filler"))
        house.hurry()
        house.until(source)
        assert house.results() == {"cat.png": picture()}
        assert len(house.submits()) == 1
