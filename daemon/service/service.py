"""The daemon as a whole: builds everything from Settings, starts it, stops it, and says how it is."""

import contextlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from daemon.catalogue import Catalogue
from daemon.check.rulecheck import RuleCheck
from daemon.clock import Clock, timestamp
from daemon.config import Settings
from daemon.errors import ConfigError
from daemon.events import Events
from daemon.notify.teller import Teller
from daemon.people import status
from daemon.service import control
from daemon.service.account import ASKED_EVERY, Account
from daemon.service.parts import build
from daemon.service.rest import at_rest
from daemon.states import State
from daemon.table.store import Store
from daemon.web.desk import Desk
from daemon.web.door import Door
from daemon.web.tally import Tally
from daemon.work.claims import calls_ended

log = logging.getLogger(__name__)

RESCAN_SECONDS = 60.0
PRUNE_SECONDS = 6 * 3600.0
#: Between two looks whether the API's models are to be asked for again.
CATALOGUE_SECONDS = 60.0
#: Jobs are forgotten so long after they ended.
KEPT_SECONDS = 365 * 86400.0
#: States whose rows may become due by time alone.
_WAITING = frozenset(State) - {State.SUBMITTING, State.HELD}
#: A stop must be over within 10 s; what is left of that after the threads were waited for goes into closing.
_STOP_SECONDS = 7.0
_MOUNTS = "mounts"


def table_url(settings: Settings) -> str:
    """Give the SQLAlchemy URL of the job table."""
    return settings.database.url or f"sqlite:///{os.path.join(settings.state_dir, 'jobs.db')}"


class Service:
    """Everything that runs: `open`, `start`, `stop`, once each and in that order; other methods from any thread.

    `load` reads the configuration anew, for `reload`.
    """

    def __init__(self, settings: Settings, *, load: Callable[[], Settings] | None = None) -> None:
        self.settings = settings
        self.clock = Clock()
        self.events = Events()
        self.tally = Tally()
        self._load = load
        self.catalogue = Catalogue(settings.state_dir, settings.api.base_url)
        self._rulecheck = RuleCheck(self.catalogue, self.clock, random.random)
        self._changing = threading.Lock()  # held by who changes the settings
        self._started_at = self.clock.wall()
        self._stack = contextlib.ExitStack()

    def open(self) -> None:
        """Lock the state directory and open the job table; nothing runs yet. Raises ConfigError."""
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise

    def start(self, *, only: int | None = None) -> None:
        """Go on where each job stood, and watch the inboxes; with `only`, work on that job and watch nothing."""
        parts = self.parts
        parts.claims.only = only
        parts.upkeep.open_folders(self.settings)
        if only is None:
            parts.inbox.start(self.settings.folders)
            self._stack.callback(parts.inbox.stop)
            self.teller.start()
        parts.worker.start()
        parts.scheduler.start()
        parts.scheduler.soon(parts.upkeep.examine_large)
        self.control.start()
        self._stack.callback(self.control.stop)

    def _build(self) -> None:
        settings = self.settings
        os.makedirs(settings.state_dir, mode=0o700, exist_ok=True)
        self._stack.enter_context(control.lock(settings.state_dir))
        store = self._open_table()
        settings, prices = self.settings, self.catalogue.price
        parts = self.parts = build(
            store, self.clock, self.events, lambda: self.settings, self._stack, self._due, prices
        )
        self.teller = Teller(store, self.events, self.clock, parts.gates, chance=random.random)
        self._stack.callback(self.teller.stop)
        self.teller.listen(settings.notify)  # before any gate closes
        parts.probes.take_up()
        parts.brake.take_up()
        parts.scheduler.every(RESCAN_SECONDS, self._rescan)
        parts.scheduler.every(PRUNE_SECONDS, parts.upkeep.prune)
        self.account = Account(parts.client.balance, lambda: store.counts, self.events, self.clock)
        parts.scheduler.every(ASKED_EVERY, self.account.look)
        parts.scheduler.every(PRUNE_SECONDS, parts.steps.paces.keep_all)
        parts.scheduler.every(CATALOGUE_SECONDS, self._keep_catalogue)
        desk = Desk(
            clock=self.clock,
            events=self.events,
            queries=store,
            actions=parts.actions,
            settings=lambda: self.settings,
            status=self.status,
            silences=self.silences,
            gates=parts.gates.closed,
            calls=lambda: calls_ended(parts.pacing),
            tally=self.tally,
            usual=lambda model: parts.steps.pace(model).typical(),
        )
        if settings.web.enabled:
            self.tally.listen(self.events)
        self.page = Door(desk, settings.state_dir)
        self._stack.callback(self.page.close)
        self.control = control.Control(settings.state_dir, self._handlers())

    def _open_table(self) -> Store:
        """Open the job table, and have the rules held against their models meanwhile."""
        self.catalogue.load()
        asked = self._rulecheck.ask(self.settings)
        store = Store(table_url(self.settings), self.clock, self.events)
        self._stack.callback(store.close)
        self.settings = self._rulecheck.judged(self.settings, asked)
        return store

    def stop(self) -> bool:
        """Stop taking up work, let submits end, close everything; tell whether all threads ended in time."""
        until, ended = time.monotonic() + _STOP_SECONDS, True
        if hasattr(self, "page"):
            self.page.leave()
        if hasattr(self, "parts"):
            ended = self.parts.worker.stop(self.parts.client.interrupt, _STOP_SECONDS)
            ended = self.parts.scheduler.stop(max(0.0, until - time.monotonic())) and ended
            if ended:
                self.parts.steps.paces.keep_all()
            else:
                log.warning("some work did not end in time; it goes on at the next start")
        self._stack.close()
        return ended

    def reload(self) -> list[str]:
        """Read the configuration again; faults leave the present one in force. Gives what is to be said."""
        with self._changing:
            return [] if self._load is None else self._reload(self._load)

    def _reload(self, load: Callable[[], Settings]) -> list[str]:
        try:
            settings = self._rulecheck.judged(self._as_begun(load()))
        except ConfigError as error:
            for fault in error.faults:
                log.error("reload: %s", fault)  # noqa: TRY400 - a fault of the file, not of the daemon
            return [str(fault) for fault in error.faults]
        if self.parts.steps.stopping.is_set():
            return []
        self.settings = settings
        said = self._settings_changed()
        self.parts.pacing.lift()
        self.page.reload()
        log.info("reloaded: %d folder(s)", len(settings.folders))
        return said

    def _as_begun(self, settings: Settings) -> Settings:
        """Give new settings with what can't change while the daemon runs as it is now; say what that is."""
        now = self.settings
        fixed = {
            "state_dir": (settings.state_dir, now.state_dir),
            "database": (settings.database, now.database),
            # a prediction that was paid at one address is not known at another
            "api.base_url": (settings.api.base_url, now.api.base_url),
        }
        for name, (new, present) in fixed.items():
            if new != present:
                log.warning("reload: %s changes only with a restart", name)
        api = settings.api.model_copy(update={"base_url": now.api.base_url})
        return settings.model_copy(update={"state_dir": now.state_dir, "database": now.database, "api": api})

    def _settings_changed(self) -> list[str]:
        """Let all parts work by the present settings. Gives what is wrong with the folders."""
        parts, now = self.parts, self.clock.now()
        said = parts.upkeep.open_folders(self.settings)
        parts.worker.reload(self.settings)
        parts.inbox.reload(self.settings.folders)
        self.teller.reload(self.settings.notify)
        parts.gates.probe_now(now)
        parts.scheduler.later(now)
        return said

    # What the parts call

    def _due(self) -> float | None:
        if self.parts.steps.stopping.is_set():
            return None
        if self.parts.gates.to_probe(self.clock.now()):
            self.parts.scheduler.soon(self.parts.probes.run)
        now = self.clock.now()  # before the pools look, so that no row falls between their look and this one
        self.parts.worker.wake()
        times = [
            self.parts.store.next_due(_WAITING, after=now),
            self.parts.probes.next(),
            self.parts.pacing.opens_next(now),
        ]
        return min((at for at in times if at is not None), default=None)

    def _rescan(self) -> None:
        self.parts.inbox.rescan()
        self.parts.worker.wake()

    def _keep_catalogue(self) -> None:
        if not self._rulecheck.keep_up(self.parts.client):
            return
        with self._changing:
            folders = {**self.settings.folders, **self._rulecheck.learnt()}
            if folders != self.settings.folders:
                self.settings = self.settings.model_copy(update={"folders": folders})
                log.info("rules follow what their models take now")
                self._settings_changed()

    # How it is

    def silences(self) -> dict[str, float]:
        """Give, by loop, for how many seconds it has not got on with the work that it has."""
        now = time.monotonic()
        return {
            "inbox": now - self.parts.inbox.beat(),
            "scheduler": self.parts.scheduler.silence(),
            **self.parts.worker.silences(now),
        }

    def headline(self) -> str:
        """Give the state of things in one line."""
        parts = self.parts
        self._look_closely()
        return status.headline(dict(parts.store.counts), parts.gates.closed(), parts.inbox.absent())

    def _look_closely(self) -> None:
        """Have the gates' reasons say how things are at this moment."""
        self.parts.probes.look_at_table()
        self.parts.brake.tell()

    def status(self) -> dict[str, Any]:
        """Give what `hotfolder status --json` prints."""
        self._look_closely()
        inbox = self.parts.inbox
        about = {
            "running": True,
            "pid": os.getpid(),
            "started_at": timestamp(self._started_at),
            "state_dir": self.settings.state_dir,
            "config": self.settings.path,
            "page": self.page.fields(),
            "balance": self.account.fields(),
        }
        return status.collect(
            self.parts.store,
            self.settings,
            gates=self.parts.gates.closed(),
            spent=self.parts.budget.spent_today,
            inboxes=status.Inboxes(inbox.absent(), inbox.unmatched(), inbox.unfinished()),
            daemon=about,
        )

    def at_rest(self) -> bool:
        """Tell whether nothing can move any more without a person, a file, or the end of a condition."""
        parts, folders, now = self.parts, self.settings.folders, self.clock.now()
        return at_rest(parts.inbox, parts.worker, parts.store, parts.gates, parts.pacing, folders, now)

    def _handlers(self) -> Mapping[str, control.Handler]:
        actions = self.parts.actions
        return {
            "status": lambda _: self.status(),
            "page": lambda _: self.page.ticket(),
            "retry": lambda asked: actions.retry(asked.pop("ids"), **asked),
            "cancel": lambda asked: actions.cancel(asked.pop("ids"), **asked),
            "attach": lambda asked: [actions.attach(asked["id"], asked["prediction"])],
            "pause": lambda asked: actions.pause(asked["folders"]),
            "approve": lambda asked: actions.approve(asked["folders"]),
            "resume": lambda asked: actions.resume(asked["folders"]),
            "try": lambda asked: actions.try_file(os.fsdecode(bytes.fromhex(asked["path"])), asked["folder"]),
        }
