"""A table whose file is taken away, exchanged or harmed while it is open is noticed at the next look."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from daemon.clock import Clock
from daemon.errors import ConfigError
from daemon.states import Job, State
from daemon.table import schema
from daemon.table.store import Store
from tests.files.conftest import Mount, mount  # noqa: F401 - a fixture
from tests.made import new_job


def table_in(directory: Path) -> Path:
    return directory / "jobs.db"


def deleted(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def cut_short(path: Path) -> None:
    os.truncate(path, 4096)


def directory_moved(path: Path) -> None:
    os.rename(path.parent, path.parent.with_name("elsewhere"))


def log_deleted(path: Path) -> None:
    path.with_name("jobs.db-wal").unlink()


HARMED: dict[Callable[[Path], None], str] = {
    deleted: "is gone",
    directory_moved: "is gone",
    replaced: "was replaced",
    emptied: "was emptied",
    cut_short: "cut short",
    log_deleted: "has lost its -wal file",
}


@pytest.mark.parametrize("harm", HARMED)
def test_what_happens_to_an_open_table_is_told_with_what_to_do(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    (tmp_path / "state").mkdir()
    path = table_in(tmp_path / "state")
    store = Store(f"sqlite:///{path}", Clock())
    store.add([new_job(f"/srv/in/{number}.jpg") for number in range(50)])
    assert store.file.trouble() is None
    harm(path)
    trouble = store.file.trouble() or ""
    assert HARMED[harm] in trouble
    assert "put the right job table back" in trouble
    assert "put the right" in (store.file.trouble() or ""), "and it is told as long as it lasts"
    store.close()


def test_no_connection_is_made_to_a_file_that_took_the_tables_place(
    url: str, store: Store, tmp_path: Path
) -> None:
    store.add([new_job("/srv/in/cat.jpg")])
    replaced(table_in(tmp_path))
    with pytest.raises(ZeroDivisionError):  # an error makes the writer open another connection
        store._writer.run(lambda _: 1 // 0)
    with pytest.raises(OperationalError, match="another file"):
        store.add([new_job("/srv/in/dog.jpg")])
    store.file.examine()
    assert "was replaced" in (store.file.trouble() or "")


def test_a_table_that_is_put_back_is_trusted_again(url: str, store: Store, tmp_path: Path) -> None:
    path = table_in(tmp_path)
    os.rename(path, tmp_path / "away")
    assert store.file.trouble()
    os.rename(tmp_path / "away", path)
    assert store.file.trouble() is None


def test_a_tables_own_growth_checkpoints_and_new_connections_are_no_trouble(store: Store) -> None:
    for start in range(0, 3000, 100):
        store.add([new_job(f"/srv/in/{number}.jpg") for number in range(start, start + 100)])
        with pytest.raises(ZeroDivisionError):  # an error makes the writer open another connection
            store._writer.run(lambda _: 1 // 0)
        assert store.file.trouble() is None


@pytest.mark.parametrize(
    "write",
    [
        lambda store, _: store.note("any", 1),
        lambda store, job: store.advance(job, State.UPLOADING, "taken up"),
        lambda store, _: store.add([new_job("/srv/in/new.jpg")]),
        lambda store, job: store.settle_original(job, "a fingerprint", "a sum"),
        lambda store, job: store.original_of(job.id, "a fingerprint"),
    ],
)
def test_damage_is_told_by_whoever_comes_upon_it(
    write: Callable[[Store, Job], object], url: str, tmp_path: Path
) -> None:
    path = table_in(tmp_path)
    store = Store(url, Clock())
    job, *_ = store.add([new_job(f"/srv/in/{number}.jpg") for number in range(400)])
    store.close()
    store = Store(url, Clock())
    with path.open("r+b") as file:  # the same file, as a disk that goes bad leaves it
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    with pytest.raises(DBAPIError, match="malformed"):
        write(store, job)
    assert "is damaged (database disk image is malformed)" in (store.file.trouble() or "")
    store.close()


def test_damage_that_nobody_came_upon_is_found_by_an_examination(url: str, tmp_path: Path) -> None:
    path = table_in(tmp_path)
    store = Store(url, Clock())
    store.add([new_job(f"/srv/in/{number}.jpg") for number in range(400)])
    store.close()
    store = Store(url, Clock())
    store.file.examine()
    assert store.file.trouble() is None
    middle = path.stat().st_size // 8192 * 4096
    with path.open("r+b") as file:
        file.seek(middle)
        file.write(b"\xa5" * 4096)
    store.file.examine()
    assert "is damaged" in (store.file.trouble() or "")
    store.close()


def test_the_log_of_a_replaced_table_is_never_applied_to_its_successor(url: str, tmp_path: Path) -> None:
    path = table_in(tmp_path)
    store = Store(url, Clock())
    store.add([new_job()])
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(tmp_path / "backup")) as target:
        source.backup(target)
    store.add([new_job("/srv/in/second.jpg")])
    os.replace(tmp_path / "backup", path)
    assert store.file.trouble()
    store.close()
    left = {name: (tmp_path / name).read_bytes() for name in ("jobs.db", "jobs.db-wal")}
    for act in (schema.prepare, schema.check):
        with pytest.raises(ConfigError, match="-wal still belongs to the one before; move"):
            act(url)
    assert left == {name: (tmp_path / name).read_bytes() for name in left}
    for name in ("jobs.db-wal", "jobs.db-shm"):
        os.rename(tmp_path / name, tmp_path / f"{name}.aside")
    store = Store(url, Clock())
    assert len(store.listed()) == 1
    store.close()
    Store(url, Clock()).close()


def test_a_table_without_room_to_write_is_told(tmp_path: Path, mount: Mount) -> None:  # noqa: F811
    state = tmp_path / "state"
    mount(state, "-t", "tmpfs", "-o", "size=32M", "tmpfs")
    store = Store(f"sqlite:///{state}/jobs.db", Clock())
    assert store.file.trouble() is None
    subprocess.run(["mount", "-o", "remount,size=1M", state], check=True)
    assert "no space left" in (store.file.trouble() or "")
    subprocess.run(["mount", "-o", "remount,size=32M,nr_inodes=5", state], check=True)
    while os.statvfs(state).f_favail:
        (state / f"file-{os.statvfs(state).f_favail}").touch()
    assert "no space left" in (store.file.trouble() or "")
    subprocess.run(["mount", "-o", "remount,nr_inodes=100", state], check=True)
    assert store.file.trouble() is None
    store.close()
