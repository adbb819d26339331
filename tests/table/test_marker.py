"""What lies beside the table: without it, a table that is gone or another would be taken for a new one."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.clock import Clock
from daemon.errors import ConfigError, HotfolderError
from daemon.table import schema
from daemon.table.store import Store
from tests.files.conftest import Mount, mount  # noqa: F401 - a fixture
from tests.made import new_job


def made(url: str, number: int = 1) -> None:
    """Make a table with so many jobs, and close it."""
    store = Store(url, Clock())
    store.add([new_job(f"/srv/in/cats/{each}.jpg") for each in range(number)])
    store.close()


def refused(url: str) -> str:
    """Have the table at `url` refused by whoever would write to it; give why, and what to do."""
    with pytest.raises(ConfigError) as caught:
        Store(url, Clock())
    (fault,) = caught.value.faults
    return str(fault)


@pytest.mark.parametrize("act", [schema.prepare, schema.check])
def test_a_table_that_is_gone_is_not_begun_anew(url: str, tmp_path: Path, act: object) -> None:
    made(url)
    (tmp_path / "jobs.db").unlink()
    with pytest.raises(ConfigError, match=r"is gone; put it or a copy back, or remove .*jobs\.db\.marker"):
        (schema.prepare if act is schema.prepare else schema.check)(url)
    assert os.listdir(tmp_path) == ["jobs.db.marker"]


def test_a_person_may_begin_anew(url: str, tmp_path: Path) -> None:
    made(url)
    (tmp_path / "jobs.db").unlink()
    (tmp_path / "jobs.db.marker").unlink()
    made(url, 2)


def test_a_copy_that_was_put_back_is_taken(url: str, tmp_path: Path) -> None:
    made(url)
    shutil.copyfile(tmp_path / "jobs.db", tmp_path / "copy")
    made(url, 3)
    os.replace(tmp_path / "copy", tmp_path / "jobs.db")
    store = Store(url, Clock())
    assert len(store.listed()) == 1
    store.close()


def test_another_table_is_refused_until_a_person_says_that_it_is_meant(url: str, tmp_path: Path) -> None:
    made(url)
    made(f"sqlite:///{tmp_path}/other.db", 5)
    os.replace(tmp_path / "other.db", tmp_path / "jobs.db")
    before = (tmp_path / "jobs.db").read_bytes()
    assert "another job table than was here before" in refused(url)
    assert (tmp_path / "jobs.db").read_bytes() == before
    (tmp_path / "jobs.db.marker").unlink()
    made(url)
    assert (tmp_path / "jobs.db.marker").exists()


def test_a_table_from_before_there_were_markers_gets_one(url: str, tmp_path: Path) -> None:
    made(url)
    (tmp_path / "jobs.db.marker").unlink()
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        connection.execute("DELETE FROM notes")
        connection.commit()
    made(url, 2)
    (tmp_path / "jobs.db").unlink()
    assert "is gone" in refused(url)


def test_a_copy_from_before_there_were_markers_is_refused_beside_one(url: str, tmp_path: Path) -> None:
    made(url)
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        connection.execute("DELETE FROM notes")
        connection.commit()
    before = (tmp_path / "jobs.db").read_bytes(), (tmp_path / "jobs.db.marker").read_bytes()
    assert "another job table than was here before" in refused(url)
    assert ((tmp_path / "jobs.db").read_bytes(), (tmp_path / "jobs.db.marker").read_bytes()) == before
    (tmp_path / "jobs.db.marker").unlink()
    made(url, 2)


def test_a_marker_that_cannot_be_read_is_told(url: str, tmp_path: Path) -> None:
    made(url)
    (tmp_path / "jobs.db.marker").write_bytes(b"")
    assert "jobs.db.marker can't be read" in refused(url)


def test_damage_in_the_midst_of_a_table_is_found_at_the_start_and_kept(url: str, tmp_path: Path) -> None:
    made(url, 400)
    whole = (tmp_path / "jobs.db").read_bytes()
    middle = len(whole) // 8192 * 4096
    (tmp_path / "jobs.db").write_bytes(whole[:middle] + b"\xa5" * 8192 + whole[middle + 8192 :])
    damaged = (tmp_path / "jobs.db").read_bytes()
    assert "jobs.db" in refused(url)
    assert (tmp_path / "jobs.db").read_bytes() == damaged


def test_a_table_on_a_full_disk_is_no_fault_of_the_configuration(tmp_path: Path, mount: Mount) -> None:  # noqa: F811
    mount(tmp_path / "full", "-t", "tmpfs", "-o", "size=16M", "tmpfs")
    url = f"sqlite:///{tmp_path}/full/jobs.db"
    with (tmp_path / "full" / "filler").open("wb", buffering=0) as filler:
        fill(filler.fileno())
    with pytest.raises(HotfolderError) as caught:
        Store(url, Clock())
    assert not isinstance(caught.value, ConfigError), "else a service manager would not start it again"
    (tmp_path / "full" / "filler").unlink()
    made(url)


def fill(descriptor: int) -> None:
    """Write until there is no room for a single byte more."""
    size = 1 << 20
    while size:
        try:
            os.write(descriptor, bytes(size))
        except OSError:
            size //= 2
