"""Tells people what happens: hears the daemon's events, groups them, and sends messages in a thread of its own."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon.clock import Clock
from daemon.config import Notify
from daemon.events import BalanceKnown, Event, Events, GateClosed, GateOpened, JobMoved
from daemon.gates.gate import Gates
from daemon.names import shown
from daemon.notify.day import next_at
from daemon.notify.grouping import Grouping
from daemon.notify.mailing import Mailing, letters
from daemon.notify.post import Letter
from daemon.notify.summary import summary_of
from daemon.notify.words import message
from daemon.states import CONDITIONS, State
from daemon.table.store import Store

log = logging.getLogger(__name__)

#: The note under which what waits is kept, so that a restart forgets nothing.
_NOTE = "notify"
#: Seconds after which what was counted meanwhile is noted, and a clock that was set is noticed.
_LONGEST_TURN = 30.0
_DAY = 86400.0
#: A stop must not wait for a service that does not answer: what is unsent is noted already.
_STOP_SECONDS = 1.0
_SUBJECT_OF_STATE = {State.FAILED: "failed", State.HELD: "held"}
#: What a gate is told as; of a pause people know, as a person made it.
_SUBJECT_OF_GATE = {
    **dict.fromkeys(("folder", "table", "unreachable", "pile"), "held"),
    **dict.fromkeys(("balance", "low"), "balance"),
    "budget": "budget",
    "key": "key",
}
#: Jobs held for these are told with the gate, which holds others too.
_TOLD_BY_GATE = CONDITIONS | {"budget", "pile"}


class Teller:
    """`listen` once before anything happens, then `start`, `stop`. `chance` gives uniform numbers in [0, 1)."""

    def __init__(
        self,
        store: Store,
        events: Events,
        clock: Clock,
        gates: Gates,
        *,
        chance: Callable[[], float],
    ) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._gates = gates
        self._host = socket.gethostname()
        self._lock = threading.Lock()
        self._grouping = Grouping()
        self._mailing = Mailing(chance)
        self._wanted = self._present = Notify()
        self._summary_at: float | None = None
        self._left: Sequence[Sequence[Letter]] = ()
        self._missed: Mapping[str, Any] = {}
        self._noted: Mapping[str, Any] = {}
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._flush, self._flushed = False, threading.Event()
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def listen(self, wanted: Notify) -> None:
        """Hear from now on, if there is anybody to tell; before anything happens."""
        self._wanted = wanted
        if not wanted.urls or self._unsubscribe is not None:
            return
        try:
            noted = self._store.notes(_NOTE).get(_NOTE, {})
            self._grouping.restore(noted.get("groups", {}), self._clock.now())
            self._left = letters(noted.get("unsent", ()))
            self._missed = noted.get("summary", {})
        except Exception:
            log.exception("what an earlier daemon left unsent can't be read, and is forgotten")
        self._unsubscribe = self._events.subscribe(self._hear)

    def start(self) -> None:
        """Begin to send, if there is anybody to tell."""
        if self._unsubscribe is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notify", daemon=True)
            self._thread.start()

    def reload(self, wanted: Notify) -> None:
        """Take other addresses and subjects."""
        self.listen(wanted)
        self.start()
        self._woken.set()

    def flush(self, timeout: float) -> bool:
        """Send now what waits for companions, for a process about to end; tell whether all of it was tried."""
        if self._thread is None:
            return True
        self._flush = True
        self._woken.set()
        return self._flushed.wait(timeout)

    def stop(self) -> None:
        """Stop; what is unsent is sent by the next daemon."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    # What happens

    def _hear(self, event: Event) -> None:
        match event:
            case JobMoved(job, transition):
                subject = _SUBJECT_OF_STATE.get(transition.after)
                if subject in self._wanted.events and not (subject == "held" and job.error_code in _TOLD_BY_GATE):
                    self._group(str(subject), job.folder, shown(job.name), job.error_message or transition.reason)
            case GateClosed(code, scope, reason, _):
                self._gate(code, scope, reason, closed=True)
            case GateOpened(code, scope):
                self._gate(code, scope, "", closed=False)
            case BalanceKnown(available):
                self._balance(available)

    def _group(self, subject: str, folder: str, name: str, why: str) -> None:
        with self._lock:
            first = self._grouping.job(subject, folder, name, why, self._clock.now())
        if first:
            self._woken.set()

    def _gate(self, code: str, scope: str, reason: str, *, closed: bool) -> None:
        if _SUBJECT_OF_GATE.get(code) in self._wanted.events:
            with self._lock:
                self._grouping.gate(code, scope, reason, self._clock.now(), closed=closed)
            self._woken.set()

    def _balance(self, available: float) -> None:
        low = self._wanted.balance_low_usd
        if low is not None:
            reason = f"the balance is ${available:.2f}, below the limit of ${low:.2f}"
            self._gate("low", "", reason, closed=available < low)

    # What is sent

    def _run(self) -> None:
        told = False
        while not self._stopping.is_set():
            try:
                wait, told = self._turn(), False
            except Exception:
                wait = _LONGEST_TURN
                if not told:  # once: a full disk lasts
                    log.exception("messages to people can't be dealt with just now; the work goes on")
                told = True
            self._woken.wait(wait)
            self._woken.clear()

    def _turn(self) -> float:
        """Write and send what is due; give the seconds until there is more to do."""
        self._take_up()
        flush, now = self._flush, self._clock.now()
        with self._lock:
            parts = self._grouping.take(now, all_of_it=flush)
        if parts:
            self._mailing.put(message(parts, self._host), now)
        self._summarize(now)
        self._save()  # first: a kill while it is being sent must not lose it
        if self._mailing.send(self._clock.now, self._stopping):
            self._save()
        if flush:
            self._flushed.set()
        with self._lock:
            at = self._grouping.next()
        times = [each for each in (at, self._mailing.next()) if each is not None]
        return max(0.0, min([_LONGEST_TURN, *(each - self._clock.now() for each in times)]))

    def _take_up(self) -> None:
        """Go by the configuration in force."""
        if self._wanted is self._present:
            return
        before, self._present = self._present, self._wanted
        self._mailing.reopen([url.get_secret_value() for url in self._present.urls], self._left)
        self._left = ()
        at = self._present.daily_summary
        if not at:
            self._summary_at = None
        elif at != before.daily_summary:
            missed, wall = self._missed, self._clock.wall()
            fresh = missed.get("time") == at and wall - missed["at"] < _DAY
            self._summary_at = missed["at"] if fresh else next_at(wall, at)

    def _summarize(self, now: float) -> None:
        if self._summary_at is None:
            return
        wall = self._clock.wall()
        following = next_at(wall, str(self._present.daily_summary))
        if wall < self._summary_at:
            self._summary_at = min(self._summary_at, following)  # a clock that was ahead may have been set right
            return
        self._summary_at = following
        self._mailing.put(summary_of(self._store, self._gates, self._clock, self._host), now)

    def _save(self) -> None:
        """Note what is unsent, if that changed; a table that takes no note may be what there is to tell."""
        with self._lock:
            groups = self._grouping.dump()
        noted: dict[str, Any] = {"groups": groups, "unsent": self._mailing.dump()}
        if self._summary_at is not None:
            noted["summary"] = {"time": self._present.daily_summary, "at": self._summary_at}
        if noted != self._noted and not self._stopping.is_set():
            try:
                self._store.note(_NOTE, noted)
            except DBAPIError as error:
                log.debug("what is unsent could not be noted: %s", error.orig)
                return
            self._noted = noted
