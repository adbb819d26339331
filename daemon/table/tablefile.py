"""The job table's file beneath the open database: whether it is still the one that was opened, whole and writable.

SQLite does not notice that a file is replaced or emptied while it is open: the daemon would go on with what only
it can see any more, and its successor would pay for everything again.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError

from daemon.names import shown
from daemon.table import marker
from daemon.table.database import HEARS_ERRORS, reading_engine

#: Nothing is submitted while the table's file system has less free than this: what is paid must be written down.
ROOM = 8 << 20
#: Seconds that an examination may take; a table of a million jobs (2.6 GB) takes 2 s and what the disk needs.
LONGEST_EXAMINATION = 10.0
_STEPS = 100_000
#: Bytes. A larger table is looked through only once it is in use, and then at once: a start must not take longer
#: the more is done.
QUICKLY_EXAMINED = 64 << 20
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY})
_MAY_PASS = _UNWRITABLE | {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
}
#: Told apart from the others of their kind, which only say that this process has too many open files.
_UNWRITABLE_EXTENDED = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
REMEDY = (
    "stop the daemon, move what lies there (with its -wal and -shm) aside and keep it, put the right job table "
    "back, and start the daemon again"
)

log = logging.getLogger(__name__)


def path_of(url: str) -> str | None:
    """Give the path of the SQLite file that a SQLAlchemy URL names, or None for another database."""
    parsed = make_url(url)
    return parsed.database if parsed.get_backend_name() == "sqlite" else None


def is_damage(error: object) -> bool:
    """Tell whether SQLite's error says that the file is no sound database."""
    return _code(error) & 0xFF in _DAMAGED


def may_pass(error: object) -> bool:
    """Tell whether SQLite's error is one of the machine's, like a full disk, and not of what is in the file."""
    return _code(error) & 0xFF in _MAY_PASS


def _code(error: object) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code


def quick_check(connection: Connection) -> str | None:
    """Look through the whole table, as far as that can be done in time; say what is wrong, or None.

    Raises DBAPIError where the file can't even be read.
    """
    until = time.monotonic() + LONGEST_EXAMINATION
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for mypy; asked only of SQLite
    driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except DBAPIError as error:
        if _code(error.orig) != sqlite3.SQLITE_INTERRUPT:
            raise
        log.warning("the job table is too large to be looked through in %.0f s", LONGEST_EXAMINATION)
        return None
    finally:
        driver.set_progress_handler(None, 0)
    return None if found == "ok" else str(found).splitlines()[-1]


class TableFile:
    """Watches the file of an open job table. Thread-safe; with a database that is no file it finds nothing.

    `writing` and `reading` are the engines that have it open.
    """

    def __init__(self, url: str, *, writing: Engine, reading: Engine) -> None:
        self._path = path_of(url) or ""
        self._url = url
        self._lock = threading.Lock()
        self._damage: str | None = None
        self._unwritable: str | None = None
        if self._path:
            there = os.stat(self._path)
            self._identity = (there.st_dev, there.st_ino)
            self._size = there.st_size
            self._log: tuple[int, int] | None = None
            event.listen(writing, "connect", lambda *_: self._note_log())
            for engine in (writing, reading):
                event.listen(engine, "handle_error", self._failed)
                engine.update_execution_options(**{HEARS_ERRORS: self._note_error})
                event.listen(engine, "do_connect", self._refuse_another)

    def trouble(self) -> str | None:
        """Say why nothing may be spent on what this table says, and what to do about it; None if all is well.

        Costs three system calls.
        """
        if not self._path:
            return None
        name = f"the job table {shown(self._path)}"
        with self._lock:
            if self._damage is not None:
                return f"{name} is damaged ({self._damage}): {REMEDY}"
            moved = self._moved()
            if moved is not None:
                return f"{name} {moved}: {REMEDY}"
            hindered = self._hindered() or self._unwritable
        return None if hindered is None else f"{name} can't be written: {hindered}"

    def written(self) -> None:
        """Note that the table could be written after all."""
        with self._lock:
            self._unwritable = None

    def large(self) -> bool:
        """Tell whether the table was too large to be looked through when it was opened."""
        return bool(self._path) and self._size > QUICKLY_EXAMINED

    def examine(self) -> None:
        """Look through the whole table for damage; `trouble` tells of it. Raises DBAPIError."""
        if self._path and self._is_ours():
            engine = reading_engine(self._url)  # of its own: an older connection has the sound pages in its cache
            try:
                with engine.connect() as connection:
                    wrong = quick_check(connection)
            finally:
                engine.dispose()
            with self._lock:
                self._damage = self._damage or wrong

    def _is_ours(self) -> bool:
        with contextlib.suppress(OSError):
            there = os.stat(self._path)
            return (there.st_dev, there.st_ino) == self._identity
        return True  # what it is shows when it is opened

    def _refuse_another(self, *_: object) -> None:
        """Let no connection be made to a file that took the table's place.

        SQLite would take it for the first of its process and empty the -shm file, which connections to the table
        that was opened have mapped: the next look into it is a SIGBUS, the end of the daemon.
        """
        if not self._is_ours():
            raise sqlite3.OperationalError("another file lies where the job table was")

    def _moved(self) -> str | None:
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            self._tell_marker()
            return "is gone"
        except OSError as error:
            return f"can't be reached ({(error.strerror or str(error)).lower()})"
        if (there.st_dev, there.st_ino) != self._identity:
            self._tell_marker()
            return "was replaced by another file"
        if there.st_size < self._size:
            return "was emptied, cut short or written over"
        self._size = there.st_size
        if self._log is not None and self._log != self._log_identity():
            return "has lost its -wal file"
        return None

    def _hindered(self) -> str | None:
        try:
            there = os.statvfs(os.path.dirname(self._path) or ".")
        except OSError as error:
            return (error.strerror or str(error)).lower()
        if there.f_flag & os.ST_RDONLY:
            return "its file system is read-only"
        if there.f_bavail * there.f_frsize < ROOM or (there.f_files and not there.f_favail):
            return "no space left on its file system"
        return None

    def _note_log(self) -> None:
        """Note the log that a new connection to write has opened; another is made whenever the last one closes."""
        self._log = self._log_identity()

    def _log_identity(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            there = os.stat(f"{self._path}-wal")
            return there.st_dev, there.st_ino
        return None

    def _tell_marker(self) -> None:
        with contextlib.suppress(OSError):
            marker.note_foreign_log(self._path, self._identity[1])

    def _failed(self, context: ExceptionContext) -> None:
        self._note_error(context.original_exception)

    def _note_error(self, error: BaseException) -> None:
        """Note what SQLite's errors say of the file, wherever they come up."""
        code = _code(error)
        # No lock: this may be called while one of our own questions is under way, and each is one assignment.
        if is_damage(error):
            self._damage = self._damage or str(error)
        elif code & 0xFF in _UNWRITABLE or code in _UNWRITABLE_EXTENDED:
            self._unwritable = str(error)
