"""What is kept up beside the jobs: the folders and which mounts they were on, the table's length."""

import contextlib
import logging

from sqlalchemy.exc import DBAPIError

from daemon import files
from daemon.clock import Clock
from daemon.config import Settings, make_folders, remembered_mounts
from daemon.errors import Blocked
from daemon.gates.folders import Folders
from daemon.inbox.mounts import mount_point
from daemon.results.putaway import DONE
from daemon.table.store import Store

log = logging.getLogger(__name__)

#: Jobs are forgotten so long after they ended.
KEPT_SECONDS = 365 * 86400.0
_MOUNTS = "mounts"


class Upkeep:
    """Opens the folders and prunes the table; each method from one thread at a time."""

    def __init__(self, store: Store, folders: Folders, clock: Clock) -> None:
        self._store = store
        self._folders = folders
        self._clock = clock
        self._mounts = self._noted = store.notes(_MOUNTS).get(_MOUNTS, {})  # nobody else writes this note

    def prune(self) -> None:
        """Look whether the table is whole, and forget jobs that ended long ago."""
        self._store.file.examine()
        pruned = self._store.prune(self._clock.wall() - KEPT_SECONDS)
        if pruned:
            log.info("forgot %d job(s) that ended more than a year ago", pruned)

    def examine_large(self) -> None:
        """Look through a table that was too large for it when it was opened."""
        if self._store.file.large():
            self._store.file.examine()

    def open_folders(self, settings: Settings) -> list[str]:
        """Make folders that are missing, but none where a mount is; remember which mounts they are on.

        Gives what is wrong with them.
        """
        faults = make_folders(settings, self._mounts, mount_point)
        for fault in faults:
            log.warning("%s", fault)
        present = remembered_mounts(settings, mount_point)
        # While a mount is gone its folder seems to lie on the one above: then what was remembered holds.
        self._mounts = {**present, **self._mounts} if faults else present
        self._folders.remember(self._mounts)
        if self._mounts != self._noted:
            try:
                self._store.note(_MOUNTS, self._mounts)
                self._noted = self._mounts
            except DBAPIError as error:  # the next reload or start writes it
                log.warning("where the folders are mounted could not be remembered: %s", error.orig)
        _make_done(self._folders, settings)
        return [str(fault) for fault in faults]


def _make_done(folders: Folders, settings: Settings) -> None:
    """Make each inbox's done/ ahead of its first use.

    A file that is moved into a directory that is not watched yet looks like a move out of the inbox, for which
    watchdog holds all other events back by 0.5 s.
    """
    for rule in settings.folders.values():
        if rule.after == "archive":
            with contextlib.suppress(OSError, Blocked):
                folders.check(rule)
                files.make_directories(rule.inbox, DONE)
