"""Looks whether the reason of a closed gate is over, and opens it; sees to it that the table's gate is closed."""

import logging
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from daemon.atlas.client import Client
from daemon.clock import Clock
from daemon.config import Settings
from daemon.errors import Blocked, HotfolderError, StageError, Unreachable
from daemon.folders import Folders
from daemon.gates import Gate, Gates
from daemon.outbox import check_room
from daemon.states import CONDITIONS
from daemon.store import Store

#: The note that is written to see whether the job table can be.
_TRIED = "tried"

log = logging.getLogger(__name__)


class Probes:
    """Probes gates one after the other, each with a single call that costs nothing."""

    def __init__(
        self,
        gates: Gates,
        store: Store,
        client: Client,
        clock: Clock,
        settings: Callable[[], Settings],
        folders: Folders,
        wake: Callable[[], None],
    ) -> None:
        self._gates = gates
        self._store = store
        self._client = client
        self._clock = clock
        self._settings = settings
        self._folders = folders
        self._wake = wake

    def run(self) -> None:
        """Look whether the job table is still to be trusted, and probe the gates whose time has come."""
        self.look_at_table()
        for gate in self._gates.to_probe(self._clock.now()):
            why = self._still_closed(gate)
            if why is None:
                self.reopen(gate.code, gate.scope)
            else:
                self._gates.still_closed(gate.code, gate.scope, why, now=self._clock.now())

    def look_at_table(self) -> None:
        """Close the gate if the job table is not to be trusted any more."""
        trouble = self._store.file.trouble()
        if trouble is not None and self._gates.close("table", trouble, now=self._clock.now()):
            log.error("%s. Nothing is sent until that is over.", trouble)

    def reopen(self, code: str, scope: str) -> None:
        """Open a gate, send on what it held, and say so."""
        self._gates.open(code, scope, now=self._clock.now())
        try:
            released = self._store.release_held(code, scope or None) if code in CONDITIONS else 0
        except DBAPIError as error:  # closed again, or what it holds would be forgotten
            why = f"the job table can't be written: {error.orig}"
            self._gates.close(code, why, now=self._clock.now(), scope=scope)
            return
        log.info("%s: tried again, with %d job(s) that were held for it", code, released)
        self._wake()

    def _still_closed(self, gate: Gate) -> str | None:
        """Say why a gate must stay closed, or None. An unforeseen answer opens it: a real job will tell more."""
        if gate.code == "table":
            return self._table_trouble()
        try:
            if gate.code == "folder":
                rule = self._settings().folders.get(gate.scope)
                if rule is not None:
                    self._folders.check(rule, spending=True)
                    check_room(rule)
                return None
            balance = self._client.balance()
        except (Blocked, Unreachable) as error:
            same = isinstance(error, Unreachable) or error.code == gate.code
            return str(error) if same or gate.code == "folder" else None
        except StageError:
            return None
        except HotfolderError as error:
            return str(error)
        if gate.code == "balance" and balance.available <= 0:
            return gate.reason
        return None

    def _table_trouble(self) -> str | None:
        try:
            self._store.note(_TRIED, self._clock.wall())
            self._store.file.written()
        except DBAPIError as error:
            return self._store.file.trouble() or f"the job table can't be written: {error.orig}"
        return self._store.file.trouble()
