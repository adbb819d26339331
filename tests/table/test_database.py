"""Group commit: each caller gets its own answer, once it is on disk, and one caller's error stays its own."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from daemon.table import database
from daemon.table.database import GroupCommit, begin, reading_engine, writing_engine

SYNCHRONOUS_FULL = 2  # sqlite.org/pragma.html#pragma_synchronous


@pytest.fixture
def url(tmp_path: Path) -> str:
    return made(tmp_path)


def made(directory: Path) -> str:
    """Make a database with a table of numbers; give its URL."""
    (directory / "numbers.db").touch()
    url = f"sqlite:///{directory}/numbers.db"
    with writing_engine(url).connect() as connection, begin(connection):
        connection.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))
    return url


@pytest.fixture
def writer(url: str) -> Iterator[GroupCommit]:
    writer = GroupCommit(writing_engine(url))
    yield writer
    writer.close()


class Stumble(Exception):
    """What a piece of work raises by itself."""


def put(connection: Connection, number: int) -> int:
    connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})
    return -number


def on_disk(url: str) -> list[int]:
    """Read with another connection than the writer's."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        found = [row[0] for row in connection.execute("SELECT number FROM numbers ORDER BY number")]
    connection.close()
    return found


def test_a_power_cut_forgets_nothing_that_was_committed(writer: GroupCommit) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert writer.run(settings) == ["wal", SYNCHRONOUS_FULL, 1, 10_000]


def test_a_reader_can_not_write(url: str) -> None:
    engine = reading_engine(url)
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        put(connection, 1)
    engine.dispose()
    assert on_disk(url) == []


@pytest.mark.parametrize("engine_of", [reading_engine, writing_engine])
@pytest.mark.parametrize("name", ["gone.db", "x#y &mode=memory %41.db"])
def test_a_database_that_is_not_there_is_never_made(
    tmp_path: Path, engine_of: Callable[[str], Engine], name: str
) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/{name}")
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()
    assert list(tmp_path.iterdir()) == []


def test_each_gets_its_own_answer_once_it_is_on_disk(writer: GroupCommit, url: str) -> None:
    def one(number: int) -> bool:
        return writer.run(lambda connection: put(connection, number)) == -number and number in on_disk(url)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(200)))
    assert on_disk(url) == list(range(200))


def test_those_who_wait_share_a_commit(writer: GroupCommit) -> None:
    begun, go_on = threading.Event(), threading.Event()
    transactions: list[object] = []

    def wait(connection: Connection) -> None:
        begun.set()
        assert go_on.wait(10)

    def note(connection: Connection) -> None:
        transactions.append(connection.get_transaction())

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(writer.run, wait)
        assert begun.wait(10)
        others = [pool.submit(writer.run, note) for _ in range(8)]
        while len(writer._queue) < 8:
            pass
        go_on.set()
        for future in (first, *others):
            future.result(10)
    assert len(transactions) == 8
    assert len({id(transaction) for transaction in transactions}) == 1


@given(st.lists(st.sampled_from(["good", "twice", "stumble"]), min_size=1, max_size=12))
def test_one_callers_error_is_no_others(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> None:
    url = made(tmp_path_factory.mktemp("table"))
    engine = writing_engine(url)
    with engine.connect() as connection, begin(connection):
        put(connection, -1)
    writer = GroupCommit(engine)
    begun, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        begun.set()
        assert go_on.wait(10)

    def work(connection: Connection, number: int, kind: str) -> int:
        value = put(connection, number)
        if kind == "twice":
            put(connection, -1)
        if kind == "stumble":
            raise Stumble(number)
        return value

    def one(number: int, kind: str) -> int | type[Exception]:
        try:
            return writer.run(lambda connection: work(connection, number, kind))
        except (Stumble, IntegrityError) as error:
            return type(error)

    expected = {"twice": IntegrityError, "stumble": Stumble}
    with ThreadPoolExecutor(len(kinds) + 1) as pool:
        first = pool.submit(writer.run, hold)  # the others queue behind it, so that they go into one commit
        assert begun.wait(10)
        futures = [pool.submit(one, number, kind) for number, kind in enumerate(kinds)]
        go_on.set()
        first.result(10)
        answers = [future.result(10) for future in futures]
    writer.close()
    assert answers == [expected.get(kind, -number) for number, kind in enumerate(kinds)]
    assert on_disk(url) == [-1, *(number for number, kind in enumerate(kinds) if kind == "good")]


def test_it_goes_on_after_the_database_could_not_be_written(writer: GroupCommit, url: str) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # what a full disk is to SQLite
        for number in range(10_000):
            put(connection, number)

    with pytest.raises(OperationalError, match="full"):
        writer.run(fill)
    assert on_disk(url) == []
    assert writer.run(lambda connection: put(connection, 7)) == -7
    assert on_disk(url) == [7]


def test_a_lock_that_is_held_for_long_is_the_databases_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    writer = GroupCommit(writing_engine(url))
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        writer.run(lambda connection: put(connection, 1))
    other.execute("ROLLBACK")
    assert writer.run(lambda connection: put(connection, 1)) == -1
    other.close()
    writer.close()


def test_a_writer_waits_for_another_process(writer: GroupCommit, url: str) -> None:
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(writer.run, lambda connection: put(connection, 1))
        other.execute("INSERT INTO numbers VALUES (2)")
        assert not waiting.done()
        other.execute("COMMIT")
        assert waiting.result(10) == -1
    other.close()
    assert on_disk(url) == [1, 2]
