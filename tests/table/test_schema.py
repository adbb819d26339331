"""The table is made as the classes say, and what is not ours is left byte for byte as it was."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect
from sqlmodel import SQLModel

from daemon.clock import Clock
from daemon.errors import ConfigError
from daemon.table import schema
from daemon.table.store import Store
from daemon.table.tables import APPLICATION_ID, REVISION
from tests.made import new_job


def described(engine: Engine) -> dict[str, Any]:
    """Give all that a database says of its tables but Alembic's own."""
    found = inspect(engine)
    tables = {}
    for table in sorted(set(found.get_table_names()) - {"alembic_version"}):
        with engine.connect() as connection:
            indexes = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,)
            ).all()
        tables[table] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table)
            },
            "keys": found.get_foreign_keys(table),
            "indexes": {(name, sql and sql.replace('"', "")) for name, sql in indexes},
            "primary": found.get_pk_constraint(table)["constrained_columns"],
        }
    engine.dispose()
    return tables


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in sorted(os.listdir(directory))}


def sqlite_file(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def empty(path: Path) -> None:
    path.touch()


def foreign(path: Path) -> None:
    sqlite_file(path, "CREATE TABLE jobs (id INTEGER)", "INSERT INTO jobs VALUES (1)")


def no_database(path: Path) -> None:
    path.write_bytes(b"state,source\ndone,cat.jpg\n" * 100)


def later(path: Path) -> None:
    schema.prepare(f"sqlite:///{path}")
    sqlite_file(path, "UPDATE alembic_version SET version_num = '9999'")


def later_with_a_rollback_journal(path: Path) -> None:
    later(path)
    sqlite_file(path, "PRAGMA journal_mode = DELETE")


def damaged(path: Path) -> None:
    schema.prepare(f"sqlite:///{path}")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xa5" * (len(whole) - 100))


def cut_short(path: Path) -> None:
    schema.prepare(f"sqlite:///{path}")
    path.write_bytes(path.read_bytes()[:100])


def a_directory(path: Path) -> None:
    path.mkdir()


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")


UNUSABLE: dict[Callable[[Path], None], str] = {
    empty: "is empty",
    foreign: "another program",
    no_database: "not a SQLite database",
    later: "later version",
    later_with_a_rollback_journal: "later version",
    damaged: "can't be read",
    cut_short: "can't be read",
}


def test_migrations_make_what_the_classes_say(url: str, tmp_path: Path) -> None:
    schema.prepare(url)
    direct = create_engine(f"sqlite:///{tmp_path}/direct.db")
    SQLModel.metadata.create_all(direct)
    migrated, classes = described(create_engine(url)), described(direct)
    assert set(migrated) == {"jobs", "transitions", "payments", "notes"}
    assert migrated == classes


def test_the_newest_revision_is_the_one_the_code_reads(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", os.path.join(os.path.dirname(schema.__file__), "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_a_new_table_is_marked_as_ours_and_private(url: str, tmp_path: Path) -> None:
    schema.prepare(url)
    assert sorted(os.listdir(tmp_path)) == ["jobs.db", "jobs.db.marker"]
    assert (tmp_path / "jobs.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    schema.check(url)


def test_preparing_again_changes_nothing(url: str, tmp_path: Path) -> None:
    schema.prepare(url)
    before = contents(tmp_path)
    schema.prepare(url)
    schema.check(url)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("act", [schema.prepare, schema.check])
@pytest.mark.parametrize("make", UNUSABLE)
def test_what_is_not_ours_is_refused_and_left_untouched(
    url: str, tmp_path: Path, make: Callable[[Path], None], act: Callable[[str], None]
) -> None:
    make(tmp_path / "jobs.db")
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        act(url)
    (fault,) = caught.value.faults
    assert fault.key == "database.url"
    if act is schema.prepare:
        assert UNUSABLE[make] in fault.wrong
    assert contents(tmp_path) == before


@pytest.mark.parametrize("act", [schema.prepare, schema.check])
@pytest.mark.parametrize("make", [a_directory, a_link_to_nowhere])
def test_what_is_no_file_is_refused(
    url: str, tmp_path: Path, make: Callable[[Path], None], act: Callable[[str], None]
) -> None:
    make(tmp_path / "jobs.db")
    with pytest.raises(ConfigError, match=r"jobs\.db"):
        act(url)
    assert os.listdir(tmp_path) == ["jobs.db"]


def test_a_log_whose_table_is_gone_is_not_taken_for_another_tables(url: str, tmp_path: Path) -> None:
    store = Store(url, Clock())
    store.add([new_job()])
    (tmp_path / "kept").write_bytes((tmp_path / "jobs.db-wal").read_bytes())
    store.close()
    (tmp_path / "jobs.db").unlink()
    (tmp_path / "jobs.db.marker").unlink()
    (tmp_path / "kept").rename(tmp_path / "jobs.db-wal")
    before = contents(tmp_path)
    assert before["jobs.db-wal"]
    with pytest.raises(ConfigError, match="-wal"):
        schema.prepare(url)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_kill_while_the_table_is_made_is_made_good(url: str, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"jobs.db.new{ending}").write_bytes(b"half a table" * 100)
    schema.prepare(url)
    assert sorted(os.listdir(tmp_path)) == ["jobs.db", "jobs.db.marker"]
    Store(url, Clock()).close()


def test_checking_makes_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no job table"):
        schema.check(url)
    assert os.listdir(tmp_path) == []


def test_a_table_without_its_revision_is_refused(url: str, tmp_path: Path) -> None:
    schema.prepare(url)
    sqlite_file(tmp_path / "jobs.db", "DROP TABLE alembic_version")
    with pytest.raises(ConfigError, match="can't be read"):
        schema.prepare(url)
    with pytest.raises(ConfigError, match="schema None"):
        schema.check(url)
