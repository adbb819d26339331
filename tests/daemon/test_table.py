"""A job table that is taken away, exchanged, harmed or without room: nothing is spent, and what to do is said."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from daemon.errors import ConfigError
from daemon.states import State
from daemon.table.tablefile import QUICKLY_EXAMINED
from tests.daemon.house import LASTING, House
from tests.daemon.process import Process, running
from tests.daemon.samples import picture
from tests.daemon.test_folders import mounting, tmpfs
from tests.support import wait_for


def table_of(house: House) -> Path:
    return Path(house.settings().state_dir) / "jobs.db"


def deleted(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


def said(house: House) -> str:
    """Give what the service manager shows of the daemon, which looks at the table first."""
    return house.daemon.headline()


@pytest.mark.parametrize("harm", [deleted, replaced])
@pytest.mark.parametrize("looked_first", [False, True])
def test_nothing_is_sent_on_a_table_that_is_not_the_one_that_was_opened(
    house: House, harm: Callable[[Path], None], looked_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    house.until(house.drop("cat.png", picture(1)))
    harm(table_of(house))
    if looked_first:
        assert "put the right job table back" in said(house)
    sources = [house.drop(f"{number}.png", picture(number)) for number in range(2, 6)]
    wait_for(lambda: house.gates() == {"table": ""}, 10, "the gate")
    wait_for(lambda: len(house.jobs()) == 5, 10, "the jobs")
    house.until_rest()
    house.hurry()
    house.until_rest()
    assert len(house.submits()) == 1
    assert all(house.until(source, State.QUEUED, State.UPLOADED, State.HELD) for source in sources)
    assert "put the right job table back" in said(house)
    assert caplog.text.count("put the right job table back") <= 1 + len(sources), "once, and once for a held job"
    assert len([line for line in caplog.messages if line.endswith("Nothing is sent until that is over.")]) == 1


def test_a_table_that_was_emptied_is_left_empty(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture(1)))
    house.restart()
    os.truncate(table_of(house), 0)
    house.drop("dog.png", picture(2))
    assert "put the right job table back" in said(house)
    assert house.gates() == {"table": ""}
    house.stop()
    assert len(house.submits()) == 1
    with pytest.raises(ConfigError, match="is empty; put a copy of the job table back"):
        house.begin()
    assert table_of(house).stat().st_size == 0


def test_a_table_that_is_put_back_is_worked_on_again_by_itself(house: House) -> None:
    house.start()
    away = os.path.join(house.base, "away")
    os.rename(table_of(house), away)
    source = house.drop("cat.png", picture())
    wait_for(lambda: house.gates() == {"table": ""}, 10, "the gate")
    house.until_rest()
    assert house.submits() == []
    house.daemon.parts.store._reader.dispose()
    with pytest.raises(DBAPIError, match="unable to open"):  # where SQLite by itself would begin an empty table
        house.jobs()
    assert not table_of(house).exists()
    os.rename(away, table_of(house))
    house.hurried(source)
    assert house.gates() == {}
    assert len(house.submits()) == 1


def test_a_state_directory_may_be_a_link_and_is_missed_where_that_leads_elsewhere(house: House) -> None:
    house.configure()
    link, real, other = (os.path.join(house.base, name) for name in ("state", "real", "other"))
    os.mkdir(real)
    os.mkdir(other)
    os.symlink(real, link)
    house.begin()
    house.until(house.drop("cat.png", picture(1)))
    os.unlink(link)
    os.symlink(other, link)
    house.drop("dog.png", picture(2))
    wait_for(lambda: house.gates() == {"table": ""}, 10, "the gate")
    house.until_rest()
    assert len(house.submits()) == 1
    assert os.listdir(other) == [], "nothing is begun anew"


def test_what_is_paid_is_still_delivered_where_the_table_was_replaced(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    house.start()
    source = house.drop("cat.png", picture())
    house.until(source, State.PROCESSING)
    replaced(table_of(house))
    assert "was replaced" in said(house)
    house.sandbox.end_predictions()
    house.until(source)
    assert house.results() == {"cat.png": picture()}
    assert len(house.submits()) == 1


def test_a_large_table_is_looked_through_while_the_daemon_runs(house: House) -> None:
    house.start()
    house.stop()
    path = table_of(house)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE ballast AS SELECT zeroblob(?) AS weight", (QUICKLY_EXAMINED,))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 8192 * 4096)
        file.write(b"\xa5" * 8192)
    house.begin()
    wait_for(lambda: "is damaged" in said(house), 40, "the damage to be found")


def test_damage_stops_spending_and_the_damaged_file_is_kept_and_refused(house: House) -> None:
    house.start()
    house.until(house.drop("cat.png", picture(1)))
    house.restart()  # what was written lies in the table itself now, and not in its log
    path = table_of(house)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 8192 * 4096)
        file.write(b"\xa5" * 8192)
    house.daemon.parts.store.file.examine()
    assert "is damaged" in said(house)
    house.drop("dog.png", picture(2))
    house.daemon.parts.gates.probe_now(house.daemon.clock.now())
    house.daemon.parts.scheduler.later(house.daemon.clock.now())
    house.stop()
    assert len(house.submits()) == 1
    with pytest.raises(ConfigError, match=r"jobs\.db .*; put a copy of the job table back"):
        house.begin()
    house.service = None
    assert b"\xa5" * 8192 in path.read_bytes()


def test_the_status_is_told_where_the_table_cannot_even_be_read(house: House) -> None:
    house.start()
    path = table_of(house)
    house.stop()
    whole = path.read_bytes()
    house.begin()
    with path.open("r+b") as file:
        file.write(b"\xa5" * len(whole))
    house.daemon.parts.store._reader.dispose()  # its connections know the sound pages
    house.daemon.parts.store.file._damage = None
    assert house.daemon.status()["held"] == []
    assert "is damaged" in said(house)


@mounting
def test_a_state_directory_without_room_takes_no_submit_and_forgets_nothing_that_is_paid(house: House) -> None:
    house.sandbox.set(predict_seconds=LASTING)
    with tmpfs(os.path.join(house.base, "state"), "32M"):
        house.start()
        paid = house.drop("cat.png", picture(1))
        house.until(paid, State.PROCESSING)
        filler = fill(os.path.join(house.base, "state", "filler"))
        other = house.drop("dog.png", picture(2))
        assert "no space left" in said(house)
        wait_for(lambda: house.gates() == {"table": ""}, 10, "the gate")
        assert len(house.submits()) == 1
        house.sandbox.end_predictions()
        os.unlink(filler)
        house.hurried(paid)
        house.hurried(other)
        assert len(house.submits()) == 2
        assert sorted(house.results()) == ["cat.png", "dog.png"]


@mounting
def test_an_answer_that_finds_the_tables_disk_full_is_kept_in_mind_until_there_is_room(house: House) -> None:
    with tmpfs(os.path.join(house.base, "state"), "32M"):
        house.start()
        house.sandbox.fault("submit", "hang", seconds=1.5)
        source = house.drop("cat.png", picture())
        wait_for(house.sandbox.submits, 10, "the submit to be accepted")
        filler = fill(os.path.join(house.base, "state", "filler"))
        assert house.until(source, State.SUBMITTING).prediction_id is None
        wait_for(lambda: house.daemon.parts.store.file._unwritable, 10, "the answer to find no room")
        os.unlink(filler)
        house.hurried(source)
        assert len(house.submits()) == 1
        assert house.results() == {"cat.png": picture()}


@mounting
def test_a_daemon_that_finds_its_disk_full_is_started_again_until_there_is_room(house: House) -> None:
    with tmpfs(os.path.join(house.base, "state"), "32M"):
        house.configure()
        with running(house) as process:
            assert process.terminate() == 0
        filler = fill(os.path.join(house.base, "state", "filler"))
        process = Process(house)
        try:
            assert process.wait(20) == 1, "2 would have the service manager give up"
            assert "can't be opened just now" in process.log
            assert "Traceback" not in process.log
        finally:
            process.end()
        os.unlink(filler)
        with running(house):
            house.drop("cat.png", picture())
            wait_for(lambda: house.results() == {"cat.png": picture()}, 10, "the result")


def test_a_daemon_whose_table_is_gone_does_not_begin_anew(house: House) -> None:
    house.configure()
    with running(house) as process:
        house.drop("cat.png", picture())
        wait_for(lambda: house.results() == {"cat.png": picture()}, 10, "the result")
        assert process.terminate() == 0
    table_of(house).unlink()
    process = Process(house)
    try:
        assert process.wait(20) == 2
        assert "is gone; put it or a copy back" in process.log
    finally:
        process.end()
    assert not table_of(house).exists()


def fill(path: str) -> str:
    """Fill the file system of `path` with it to the last byte; give `path`."""
    size = 1 << 20
    with open(path, "wb", buffering=0) as file:
        while size:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                size //= 2
    return path


@mounting
def test_an_unmounted_state_directory_is_noticed(house: House) -> None:
    with tmpfs(os.path.join(house.base, "state"), "32M"):
        house.start()
        subprocess.run(["umount", "--lazy", os.path.join(house.base, "state")], check=True)
        house.drop("cat.png", picture())
        wait_for(lambda: house.gates() == {"table": ""}, 10, "the gate")
        house.until_rest()
        assert house.submits() == []
        assert os.listdir(os.path.join(house.base, "state")) == []
