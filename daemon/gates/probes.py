"""Looks whether the reason of a closed gate is over, and opens it; sees to it that the table's gate is closed."""

import logging
import threading
from collections.abc import Callable
from decimal import Decimal

from sqlalchemy.exc import DBAPIError

from daemon.atlas.client import Client
from daemon.clock import Clock
from daemon.config import Settings
from daemon.errors import Blocked, HotfolderError, StageError, Transient, Unreachable
from daemon.gates.folders import Folders
from daemon.gates.gate import Gate, Gates
from daemon.money.budget import Budget
from daemon.results.outbox import check_room
from daemon.states import CONDITIONS, State
from daemon.table.store import Store

#: The note that is written to see whether the job table can be.
_TRIED = "tried"
#: A balance with which a submit was refused is tried again after so many seconds: a 402 may have another cause.
TRIED_AGAIN = 3600.0

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
        budget: Budget,
        wake: Callable[[], None],
        later: Callable[[float], None],
        stopping: threading.Event,
    ) -> None:
        self._gates = gates
        self._store = store
        self._client = client
        self._clock = clock
        self._settings = settings
        self._folders = folders
        self._budget = budget
        self._wake = wake
        self._later = later
        self._stopping = stopping
        self._under_way = threading.Lock()
        self._tried_with: Decimal | None = None
        self._tried_at = 0.0

    def take_up(self) -> None:
        """Close the gates that held jobs when the last daemon ended, to be probed at once."""
        for job in self._store.listed(state=State.HELD):
            if job.error_code in CONDITIONS:
                scope, why = self._gates.scope_of(job.error_code, job.folder), job.error_message or ""
                if job.error_code == "budget" and self._budget.reached(""):
                    scope = ""
                self._gates.close(job.error_code, why, now=self._clock.now(), scope=scope)
        self._gates.probe_now(self._clock.now())

    def next(self) -> float | None:
        """Give the time of the earliest probe, or None: `run` says when there is another."""
        return None if self._under_way.locked() else self._gates.next_probe()

    def run(self) -> None:
        """Probe the gates whose time has come, unless another thread is at it; then say when to come again."""
        if not self._under_way.acquire(blocking=False):
            return
        try:
            while not self._stopping.is_set() and (due := self._gates.to_probe(self._clock.now())):
                self._probe(due[0])
        finally:
            self._under_way.release()
        at = self._gates.next_probe()
        if at is not None:
            self._later(at)

    def _probe(self, gate: Gate) -> None:
        try:
            why = self._still_closed(gate)
            if why is None:
                self.reopen(gate)
                return
        except Exception:
            log.exception("%s: could not be looked after; tried again later", gate.code)
            why = gate.reason
        self._gates.still_closed(gate, why, now=self._clock.now())

    def look_at_table(self) -> None:
        """Close the gate if the job table is not to be trusted any more."""
        trouble = self._store.file.trouble()
        if trouble is not None and self._gates.close("table", trouble, now=self._clock.now()):
            log.error("%s. Nothing is sent until that is over.", trouble)

    def reopen(self, gate: Gate) -> None:
        """Open a gate, send on what it held, and say so."""
        self._gates.open(gate.code, gate.scope, now=self._clock.now())
        try:
            held = gate.code in CONDITIONS
            released = self._store.release_held(gate.code, gate.scope or None) if held else 0
        except BaseException:  # or what is held would wait for a gate that is open
            self._gates.close(gate.code, gate.reason, now=self._clock.now(), scope=gate.scope)
            raise
        log.info("%s: tried again, with %d job(s) that were held for it", gate.code, released)
        self._wake()

    def _still_closed(self, gate: Gate) -> str | None:
        """Say why a gate must stay closed, or None."""
        match gate.code:
            case "table":
                return self._table_trouble()
            case "budget":
                held = self._store.listed(state=State.HELD, folder=gate.scope or None)
                if all(job.error_code != "budget" for job in held):
                    self._budget.forget(gate.scope)  # who did not fit was cancelled; what waits may be cheaper
                return self._budget.reached(gate.scope)
            case "folder":
                return self._folder_trouble(gate.scope)
        return self._api_trouble(gate)

    def _folder_trouble(self, name: str) -> str | None:
        rule = self._settings().folders.get(name)
        try:
            if rule is not None:
                self._folders.check(rule, spending=True)
                check_room(rule)
        except StageError as error:
            return str(error) if isinstance(error, Blocked | Unreachable) else None
        except HotfolderError as error:
            return str(error)
        return None

    def _api_trouble(self, gate: Gate) -> str | None:
        """Ask the API for the balance.

        An unforeseen answer opens the gate, as a real job will tell more; one that only says that the API is in
        trouble tells nothing about key and balance.
        """
        try:
            balance = self._client.balance()
        except (Blocked, Unreachable) as error:
            same = isinstance(error, Unreachable) or error.code == gate.code
            return str(error) if same else None
        except Transient:
            return None if gate.code == "unreachable" else gate.reason
        except StageError:
            return None
        except HotfolderError as error:
            return str(error)
        if gate.code == "balance":
            return None if self._may_suffice(gate, balance.available) else gate.reason
        return None

    def _may_suffice(self, gate: Gate, available: Decimal) -> bool:
        """Tell whether a submit may go out with this balance: one that was just refused is refused again.

        After long it may go out all the same: what is no fault of the balance ends without a change of it.
        """
        now = self._clock.now()
        in_vain = gate.relapsed and available == self._tried_with and now - self._tried_at < TRIED_AGAIN
        if available > 0 and not in_vain:
            self._tried_with, self._tried_at = available, now
            return True
        return False

    def _table_trouble(self) -> str | None:
        try:
            self._store.note(_TRIED, self._clock.wall())
            self._store.file.written()
        except DBAPIError as error:
            return self._store.file.trouble() or f"the job table can't be written: {error.orig}"
        return self._store.file.trouble()
