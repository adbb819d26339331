"""Prepared statements do what the engine would do with the same values, and fail as it would."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from daemon.table.database import begin, writing_engine
from daemon.table.prepared import Prepared
from daemon.table.tables import Json, PathBytes

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("path", PathBytes),
    Column("about", Json),
    Column("name", Text, nullable=False),
    Column("raw", LargeBinary, default=b"by Python"),
)
ODD = {"id": 7, "path": "a\udcffb", "about": {"x": [1, None]}, "name": "ü", "raw": None}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    (tmp_path / "things.db").touch()
    engine = writing_engine(f"sqlite:///{tmp_path}/things.db")
    with engine.connect() as connection, begin(connection):
        THINGS.create(connection)
        yield connection
    engine.dispose()


def rows(connection: Connection) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(select(THINGS).order_by(THINGS.c.id)).mappings()]


def test_it_writes_what_the_engine_reads(connection: Connection) -> None:
    add = Prepared(insert(THINGS))
    add.run(connection, ODD)
    add.run_all(connection, [{"id": number, "name": str(number), "raw": None} for number in (8, 9)])
    assert rows(connection) == [
        ODD,
        {"id": 8, "path": None, "about": None, "name": "8", "raw": None},
        {"id": 9, "path": None, "about": None, "name": "9", "raw": None},
    ]


def test_it_sets_those_columns_that_it_is_given(connection: Connection) -> None:
    Prepared(insert(THINGS)).run(connection, ODD)
    change = Prepared(update(THINGS).where(THINGS.c.id == bindparam("wanted"), THINGS.c.name == "ü"))
    assert change.run(connection, {"about": [1], "wanted": 7}).rowcount == 1
    assert change.run(connection, {"path": None, "name": "u", "wanted": 7}).rowcount == 1
    assert change.run(connection, {"about": None, "wanted": 7}).rowcount == 0
    assert rows(connection) == [{**ODD, "about": [1], "path": None, "name": "u"}]


def test_its_own_values_go_with_those_it_is_given(connection: Connection) -> None:
    Prepared(insert(THINGS)).run(connection, ODD)
    look = Prepared(select(THINGS.c.id).where(THINGS.c.path == bindparam("path"), THINGS.c.name != "u").limit(1))
    assert look.run(connection, {"path": "a\udcffb"}).fetchall() == [(7,)]
    assert look.run(connection, {"path": "ab"}).fetchall() == []


def test_its_errors_are_the_engines(connection: Connection) -> None:
    add = Prepared(insert(THINGS))
    add.run(connection, ODD)
    with pytest.raises(IntegrityError, match="UNIQUE"):
        add.run(connection, ODD)
    with pytest.raises(IntegrityError, match="NOT NULL"):
        add.run_all(connection, [{"id": 8, "name": None, "raw": None}])


def test_a_list_of_any_length_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="length"):
        Prepared(select(THINGS.c.id).where(THINGS.c.id.in_([1, 2]))).run(connection, {})


def test_what_lacks_a_value_is_refused(connection: Connection) -> None:
    named = Prepared(select(THINGS.c.id).where(THINGS.c.name == bindparam("wanted")))
    with pytest.raises(ValueError, match="wanted"):
        named.run(connection, {})
    with pytest.raises(ValueError, match="raw"):
        Prepared(insert(THINGS)).run(connection, {"id": 1, "name": "a"})
