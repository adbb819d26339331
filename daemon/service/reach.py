"""How commands get at the jobs: through the running daemon's socket, else by working on the job table itself."""

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon.clock import Clock
from daemon.config import Settings
from daemon.errors import HotfolderError
from daemon.gates.gate import Gate
from daemon.gates.stops import PAUSE, PILE, paused, piled
from daemon.names import shown
from daemon.people import status
from daemon.people.actions import Actions
from daemon.service import control
from daemon.service.control import NotRunning
from daemon.service.service import Service, table_url
from daemon.states import Job, State
from daemon.table import marker, schema
from daemon.table.queries import Queries
from daemon.table.store import Store

#: Seconds between two looks at a job that is waited for, and between two questions whether the daemon still runs.
_LOOK_EVERY, _ASKED_EVERY = 0.05, 5.0
_DEFAULT_TABLE = "~/.local/state/hotfolder/jobs.db"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action: a line for each job or folder, and whether a running daemon did it."""

    lines: list[str]
    by_daemon: bool


class Reach:
    """The jobs of one configuration, whether or not its daemon runs.

    All methods raise HotfolderError with what is in the way: no rights, no table yet, a damaged one.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._url = table_url(settings)
        self._clock = Clock()

    @property
    def table(self) -> str:
        """The job table's file."""
        return self.settings.database_file

    @property
    def table_is_usual(self) -> bool:
        """Tell whether the job table is the one that a configuration has by default."""
        return self.table == os.path.expanduser(_DEFAULT_TABLE)

    def has_table(self) -> bool:
        """Tell whether there is, or was, a job table: whether a daemon ever ran."""
        self._need_rights()
        return any(map(os.path.lexists, (self.table, marker.path_beside(self.table))))

    @contextlib.contextmanager
    def queries(self) -> Iterator[Queries]:
        """Open the job table for reading."""
        self._need_rights()
        with self._explained():
            schema.check(self._url)
            queries = Queries(self._url, self._clock)
            try:
                yield queries
            finally:
                queries.close()

    def status(self) -> dict[str, Any]:
        """Give what `status.collect` gives: the daemon's own view, else the table's."""
        self._need_rights()
        with contextlib.suppress(NotRunning):
            answer: dict[str, Any] = control.ask(self.settings.state_dir, "status")
            return answer
        about = {
            "running": False,
            "pid": None,
            "started_at": None,
            "state_dir": self.settings.state_dir,
            "config": self.settings.path,
            "page": {"enabled": False, "address": None, "trouble": None},
            "balance": None,
        }
        if not self.has_table():
            return status.nothing_yet(self.settings, self._url, about)
        with self.queries() as queries:
            return status.collect(
                queries,
                self.settings,
                gates=_pauses(queries),
                inboxes=status.Inboxes(),
                spent=queries.spent_today,
                daemon=about,
            )

    def page(self) -> str:
        """Give an address that opens the running daemon's page once. Raises NotRunning, Refused."""
        self._need_rights()
        address: str = control.ask(self.settings.state_dir, "page")
        return address

    def _runs(self) -> bool:
        try:
            control.ask(self.settings.state_dir, "status")
        except NotRunning:
            return False
        return True

    def retry(self, ids: Sequence[int], *, failed: bool, held: bool, pay_again: bool) -> Done:
        """Send jobs on from where they stood; see Actions.retry."""
        options = {"failed": failed, "held": held, "pay_again": pay_again}
        return self._act("retry", lambda actions: actions.retry(ids, **options), ids=list(ids), **options)

    def cancel(self, ids: Sequence[int], *, forget_paid: bool) -> Done:
        """Drop jobs; see Actions.cancel."""
        return self._act(
            "cancel",
            lambda actions: actions.cancel(ids, forget_paid=forget_paid),
            ids=list(ids),
            forget_paid=forget_paid,
        )

    def attach(self, job_id: int, prediction: str) -> Done:
        """Give a job of unknown outcome its prediction; see Actions.attach."""
        return self._act(
            "attach", lambda actions: [actions.attach(job_id, prediction)], id=job_id, prediction=prediction
        )

    def pause(self, folders: Sequence[str]) -> Done:
        """Stop spending; see Actions.pause."""
        return self._act("pause", lambda actions: actions.pause(folders), folders=list(folders))

    def resume(self, folders: Sequence[str]) -> Done:
        """End pauses; see Actions.resume."""
        return self._act("resume", lambda actions: actions.resume(folders), folders=list(folders))

    def approve(self, folders: Sequence[str]) -> Done:
        """Let piles go; see Actions.approve."""
        return self._act("approve", lambda actions: actions.approve(folders), folders=list(folders))

    def attempt(self, path: str, folder: str, with_key: Callable[[], Settings]) -> Generator[Job, None, None]:
        """Put one file through a folder's rule; give its job each time that it changed, until it ends or is held.

        Where no daemon runs, this process works on that job; `with_key` then gives the settings with the key.
        """
        job_id = self._given_to_daemon(path, folder)
        if job_id is not None:
            with self.queries() as queries:
                yield from _followed(queries, job_id, self._runs)
            return
        service = Service(with_key())
        service.open()
        try:
            job_id = service.parts.actions.try_file(path, folder)
            service.start(only=job_id)
            yield from _followed(service.parts.store, job_id, lambda: True)
        finally:
            service.stop()

    def _given_to_daemon(self, path: str, folder: str) -> int | None:
        self._need_rights()
        with contextlib.suppress(NotRunning):
            job_id: int = control.ask(
                self.settings.state_dir, "try", path=os.fsencode(os.path.abspath(path)).hex(), folder=folder
            )
            return job_id
        return None

    def _act(self, do: str, on_table: Callable[[Actions], list[str]], **arguments: Any) -> Done:
        self._need_rights()
        with contextlib.suppress(NotRunning):
            return Done(control.ask(self.settings.state_dir, do, **arguments), by_daemon=True)
        with self._explained():
            schema.check(self._url)  # an action on jobs must not make an empty table
            with control.lock(self.settings.state_dir), contextlib.closing(Store(self._url, self._clock)) as store:
                actions = Actions(store, lambda: self.settings, self._clock)
                return Done(on_table(actions), by_daemon=False)

    def _need_rights(self) -> None:
        """Say so where another user's state directory is meant: SQLite needs to write even to read (wal.html)."""
        for path in dict.fromkeys((self.settings.state_dir, os.path.dirname(self.table))):
            try:
                there = os.stat(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _no_rights(path, error.strerror or "unknown error") from None
            if not os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
                if os.statvfs(path).f_flag & os.ST_RDONLY:
                    raise _read_only(path)
                raise _no_rights(path, f"it belongs to {_user(there.st_uid)}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Put the database's errors into words."""
        try:
            yield
        except DBAPIError as error:
            raise HotfolderError(f"the job table {shown(self.table)} can't be used: {error.orig}") from error


def _followed(queries: Queries, job_id: int, runs: Callable[[], bool]) -> Iterator[Job]:
    """Give a job each time that it changed, until it has ended and is put away, or is held."""
    last: Job | None = None
    asked_at = time.monotonic()
    while True:
        job = queries.find(job_id)
        if job is None:
            raise HotfolderError(f"job {job_id} is no longer in the table")
        if job != last:
            yield job
            last = job
        if job.state is State.HELD or (job.final and (job.put_away or job.waits_for)):
            return
        if time.monotonic() - asked_at > _ASKED_EVERY:
            if not runs():
                raise HotfolderError(f"the daemon has stopped; job {job_id} goes on when it runs again")
            asked_at = time.monotonic()
        time.sleep(_LOOK_EVERY)


def _pauses(queries: Queries) -> list[Gate]:
    """Give the gates that stay closed while no daemon runs: what people paused, and piles."""
    gates = []
    for key, since in queries.notes(PAUSE).items():
        folder = key.removeprefix(PAUSE)
        gates.append(Gate("pause", folder, paused(folder), since, None, 0.0))
    for key, since in queries.notes(PILE).items():
        folder = key.removeprefix(PILE)
        gates.append(Gate("pile", folder, piled(folder), since, None, 0.0))
    return gates


def _no_rights(path: str, why: str) -> HotfolderError:
    return HotfolderError(
        f"this user can't work on {shown(path)} ({why}); run the command as the daemon's user, "
        "for the system service `runuser -u hotfolder -- hotfolder …`"
    )


def _read_only(path: str) -> HotfolderError:
    return HotfolderError(
        f"{shown(path)} lies on a read-only file system, and the job table can't be used there, not even read; "
        "see why it is read-only (`dmesg` tells of a disk with errors) and mount it writable"
    )


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
