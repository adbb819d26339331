"""The database's engines, SQLite's settings, and the group commit that all writes go through."""

import contextlib
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, Pool, QueuePool

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Milliseconds that a connection waits for another process' write (a command beside the daemon) to end.
BUSY_TIMEOUT_MS = 10_000
#: An engine's execution option: what is told each error of the driver that the engine does not see (`by_driver`).
HEARS_ERRORS = "hotfolder_hears_errors"
#: Connections for queries: one for each that may wait for the disk while others are answered.
READERS = 4


def writing_engine(url: str) -> Engine:
    """Give an engine for `writing`; its connections flush each commit to the disk."""
    engine = _engine(url, NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def reading_engine(url: str) -> Engine:
    """Give an engine for queries; on SQLite its connections, at most `READERS`, can't write."""
    engine = _engine(url, QueuePool, pool_size=READERS, max_overflow=0)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite_reader)
    return engine


def open_all(reading: Engine) -> None:
    """Open all connections that an engine for queries may have; none is made to a file that comes in its place."""
    with contextlib.ExitStack() as stack:
        for _ in range(READERS):
            stack.enter_context(reading.connect())


def _engine(url: str, pool: type[Pool], **settings: Any) -> Engine:
    arguments: dict[str, Any] = {}
    if url.startswith("sqlite"):
        arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    engine = create_engine(url, connect_args=arguments, poolclass=pool, **settings)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _open_only)
    return engine


def _open_only(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
    """Have SQLite open what is there: by itself it makes an empty file where the table is gone (uri.html)."""
    arguments[0] = f"file:{quote(os.fsencode(arguments[0]))}?mode=rw"
    options["uri"] = True


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    for pragma in (
        "journal_mode=WAL",
        # A power cut must forget neither an intent nor a prediction's id: WAL with NORMAL does.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-8192",
        "wal_autocheckpoint=1000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("query_only=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def begin(connection: Connection) -> RootTransaction:
    """Begin a transaction that takes SQLite's write lock at once.

    One that reads first and then wants to write can't wait for another writer (SQLITE_BUSY at once,
    sqlite.org/lang_transaction.html); one that begins as a writer can.
    """
    transaction = connection.begin()
    if connection.dialect.name == "sqlite":
        # By the driver itself: a transaction begins several times for each job, and the way through the engine to
        # do this much takes as long as a statement. Nor as a listener, for which each statement would look.
        by_driver(connection, "BEGIN IMMEDIATE")
    return transaction


def by_driver(connection: Connection, statement: str, values: Any = (), *, many: bool = False) -> Any:
    """Have the database's driver run a statement in the connection's transaction; give its cursor.

    `values`: as the driver takes them; with `many`, a list of such, for each of which it runs. Raises what the
    engine would raise (sqlalchemy.exc.DBAPIError).
    """
    errors = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(statement, values)
    except errors as error:
        hears = connection.get_execution_options().get(HEARS_ERRORS)
        if hears is not None:
            hears(error)
        wrapped = DBAPIError.instance(statement, None, error, errors, dialect=connection.dialect)
        raise cast("DBAPIError", wrapped) from error
    return cursor


class _Ticket:
    """One caller's piece of work in the queue. Its `turn` is released when the caller is to look at it again."""

    __slots__ = ("done", "error", "turn", "value", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()

    def call(self) -> None:
        """Wake the caller, if it waits."""
        with contextlib.suppress(RuntimeError):  # called before, and not yet awake
            self.turn.release()


class GroupCommit:
    """Runs pieces of work in transactions, as many as wait in one commit.

    There is no thread for it: whoever finds nobody committing commits for all who queued meanwhile. A lone caller
    pays no thread switch, and under load one fsync serves every thread that waits for it. Callers wait for their
    own work, not in line for a lock: each hand-over of that would wait for the interpreter's lock too.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._queue: deque[_Ticket] = deque()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and give what it returned, once that is on disk.

        `work` may be run a second time after a roll-back, so it must do nothing but use its connection.
        Raises what `work` raised, or the database's error (sqlalchemy.exc.DBAPIError).
        """
        ticket = _Ticket(work)
        self._queue.append(ticket)
        while not ticket.done:
            if self._lock.acquire(blocking=False):
                try:
                    self._commit_waiting()
                finally:
                    self._lock.release()
                # Whoever queued while the lock was held found it taken and waits: one of them is next.
                with contextlib.suppress(IndexError):
                    self._queue[0].call()
            else:
                ticket.turn.acquire()
        if ticket.error is not None:
            raise ticket.error
        return cast("T", ticket.value)

    def close(self) -> None:
        """Close the connection; on SQLite this checkpoints the log."""
        with self._lock:
            self._drop_connection()
            self._engine.dispose()

    def _commit_waiting(self) -> None:
        tickets = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            self._transact(tickets)
        except Exception as error:  # noqa: BLE001 - every waiting caller gets its own error below
            self._drop_connection()
            if len(tickets) == 1:
                tickets[0].error = error
            else:
                self._one_by_one(tickets)
        except BaseException as error:
            self._drop_connection()
            for ticket in tickets:
                ticket.error = error
            raise
        finally:
            for ticket in tickets:
                ticket.done = True
                ticket.call()

    def _one_by_one(self, tickets: list[_Ticket]) -> None:
        """Commit each alone, so that one caller's error stays its own."""
        for ticket in tickets:
            try:
                self._transact([ticket])
            except Exception as error:  # noqa: BLE001 - handed to the caller that it belongs to
                self._drop_connection()
                ticket.error = error

    def _transact(self, tickets: list[_Ticket]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        transaction = begin(self._connection)
        try:
            for ticket in tickets:
                ticket.value = ticket.work(self._connection)
        except BaseException:
            transaction.rollback()
            raise
        transaction.commit()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                log.exception("a connection to the job table could not be closed; a new one is made")
