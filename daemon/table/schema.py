"""Opens the job table: makes it, migrates it (Alembic), or says why it is not to be used."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from daemon.errors import ConfigError, Fault, HotfolderError
from daemon.table import marker
from daemon.table.database import begin, reading_engine, writing_engine
from daemon.table.marker import Marker
from daemon.table.tablefile import QUICKLY_EXAMINED, may_pass, quick_check
from daemon.table.tables import APPLICATION_ID, REVISION

#: The note that holds the table's id, in JSON as all notes.
_ID = "table"


def prepare(url: str) -> None:
    """Bring the job table at `url` to the schema of this version, making it if there is none.

    Raises ConfigError where something is there that is not our job table, whole (of a large one, whoever runs the
    daemon finds out later: `TableFile.examine`), or one of a later version, and
    where a table was there and is gone: what is not understood must never be taken for an empty table, or every
    file would be paid for again. Raises HotfolderError for what passes, like a full disk.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        with _writing(url) as connection:
            _refuse_later(_revision(connection))
            _migrate(connection)
        return
    path = parsed.database
    if not path:
        raise ConfigError([Fault("database.url", "names no file", "use sqlite:////absolute/path/jobs.db")])
    known = _marker(path)
    if not os.path.lexists(path):
        if known is not None:
            raise _gone(path)
        with _readable(path):
            _create(path)
        return
    _inspect_file(path)
    _refuse_foreign_log(path, known)
    with _readable(path):
        present = _revision_at(url, whole=os.path.getsize(path) <= QUICKLY_EXAMINED)
        if present != REVISION:
            _refuse_later(present)
            with _writing(url) as connection:
                _migrate(connection)
        _recognize(path, url, known)


def _marker(path: str) -> Marker | None:
    try:
        return marker.read(path)
    except (OSError, ValueError) as error:
        raise _unusable(marker.path_beside(path), f"can't be read ({error})") from error


def _gone(path: str) -> ConfigError:
    remedy = (
        f"put it or a copy back, or remove {marker.path_beside(path)} to begin with an empty table: jobs in "
        "flight would then be forgotten, and files in an inbox would be paid for again"
    )
    return ConfigError([Fault("database.url", f"the job table {path} is gone", remedy)])


def _refuse_foreign_log(path: str, known: Marker | None) -> None:
    """Refuse a table that took another's place while its log was open: SQLite would mix the two."""
    if known is None or known.log_of is None or not os.path.lexists(f"{path}-wal"):
        return
    if os.stat(path).st_ino != known.log_of:
        wrong = f"the job table {path} was replaced, and {path}-wal still belongs to the one before"
        remedy = f"move {path}-wal and {path}-shm aside to use this one, or put the one before back"
        raise ConfigError([Fault("database.url", wrong, remedy)])


def _recognize(path: str, url: str, known: Marker | None) -> None:
    """Hold the table's id against the marker beside it; a table from before there were markers gets one.

    A marker is written once its table has an id: beside one, a table without an id is an old copy.
    """
    with _writing(url) as connection:
        found = connection.execute(text("SELECT value FROM notes WHERE key = :key"), {"key": _ID}).scalar()
        if known is not None and (found is None or str(found).strip('"') != known.table):
            beside = marker.path_beside(path)
            remedy = f"put the right one back, or remove {beside} to go on with this one"
            wrong = f"{path} is another job table than was here before"
            raise ConfigError([Fault("database.url", wrong, remedy)])
        identity = _new_id(connection) if found is None else str(found).strip('"')
    if known != Marker(identity):
        marker.write(path, Marker(identity))


def _new_id(connection: Connection) -> str:
    identity = uuid.uuid4().hex
    connection.execute(text("INSERT INTO notes VALUES (:key, :value)"), {"key": _ID, "value": f'"{identity}"'})
    return identity


def check(url: str) -> None:
    """Make sure that the job table at `url` is there and of this version, changing nothing; raises ConfigError."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = parsed.database or ""
        if not os.path.lexists(path):
            if _marker(path) is not None:
                raise _gone(path)
            raise ConfigError(
                [Fault("state_dir", f"there is no job table at {path} yet", "`hotfolder run` makes it")]
            )
        _inspect_file(path)
        _refuse_foreign_log(path, _marker(path))
    with _readable(parsed.database or url):
        revision = _revision_at(url)
    if revision != REVISION:
        raise ConfigError(
            [
                Fault(
                    "database.url",
                    f"the job table has the schema {revision}, this version reads {REVISION}",
                    "`hotfolder run` of this version brings an older one up to date",
                )
            ]
        )


def _create(path: str) -> None:
    """Make a new table under another name first, so that a kill in between leaves no half-made one."""
    if os.path.lexists(f"{path}-wal"):
        # SQLite would take the old table's log for the new one's (sqlite.org/howtocorrupt.html, 1.4).
        raise _unusable(path, "is gone, but its -wal file is still there")
    draft = f"{path}.new"
    for leftover in (draft, f"{draft}-wal", f"{draft}-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    with _writing(f"sqlite:///{draft}") as connection:
        connection.execute(text(f"PRAGMA application_id = {APPLICATION_ID}"))
        _migrate(connection)
        identity = _new_id(connection)
    os.rename(draft, path)
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    marker.write(path, Marker(identity))  # last: a marker alone would mean a table that was lost


def _inspect_file(path: str) -> None:
    """Look at the file's header before SQLite does: an empty file passes every check that SQLite has."""
    try:
        with open(path, "rb") as file:
            header = file.read(100)
    except OSError as error:
        raise _unusable(path, f"can't be opened ({error.strerror})") from error
    if not header:
        raise _unusable(path, "is empty")
    if not header.startswith(b"SQLite format 3\0"):
        raise _unusable(path, "is not a SQLite database")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:  # sqlite.org/fileformat2.html, 1.3
        raise _unusable(path, "belongs to another program")


def _unusable(path: str, why: str) -> ConfigError:
    remedy = (
        "put a copy of the job table back, or move this file (with its -wal and -shm) aside to begin with an "
        "empty table: jobs in flight would then be forgotten, and files in an inbox would be paid for again"
    )
    return ConfigError([Fault("database.url", f"the job table {path} {why}", remedy)])


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    """Turn what SQLite says of a damaged file into a fault."""
    try:
        yield
    except DatabaseError as error:
        if may_pass(error.orig):  # no fault of the configuration: a service manager is to start the daemon again
            raise HotfolderError(f"the job table {path} can't be opened just now: {error.orig}") from error
        raise _unusable(path, f"can't be read ({error.orig})") from error


def _revision_at(url: str, *, whole: bool = False) -> str | None:
    """Read the schema's revision without changing anything: the file may be a later version's.

    `whole`: look through all of the file first. Raises ConfigError if that finds damage.
    """
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            wrong = quick_check(connection) if whole else None
            if wrong is not None:
                raise _unusable(str(engine.url.database), f"is damaged ({wrong})")
            return _revision(connection)
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    value = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if value is None else str(value)


def _alembic() -> Any:
    """Give Alembic's Config."""
    # Alembic costs 0.2 s to import and is needed only when a schema changes.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", os.path.join(os.path.dirname(__file__), "migrations"))
    return config


def _refuse_later(present: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if present is not None and present not in known:
        raise ConfigError(
            [
                Fault(
                    "database.url",
                    f"the job table has the schema {present} of a later version of hotfolder",
                    "install that version again, or put back the copy of the table from before its upgrade",
                )
            ]
        )


def _migrate(connection: Connection) -> None:
    from alembic import command

    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextlib.contextmanager
def _writing(url: str) -> Iterator[Connection]:
    """Give a connection in a transaction, committed at the end of the with block."""
    engine = writing_engine(url)
    try:
        with engine.connect() as connection, begin(connection):
            yield connection
    finally:
        engine.dispose()
