"""The daemon as a whole: builds everything from Settings, starts it, stops it, and says how it is."""

import contextlib
import logging
import os
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon import control, files, status
from daemon.actions import PAUSE, Actions, paused
from daemon.atlas.client import Client
from daemon.atlas.pacing import Pacing
from daemon.claims import Claims
from daemon.clock import Clock
from daemon.config import Settings, make_folders, remembered_mounts
from daemon.errors import Blocked, ConfigError
from daemon.events import Events
from daemon.folders import Folders
from daemon.gates import Gates
from daemon.inbox.intake import Inbox
from daemon.inbox.mounts import mount_point
from daemon.probes import Probes
from daemon.provenance import timestamp
from daemon.putaway import DONE
from daemon.rest import at_rest
from daemon.scheduler import Scheduler
from daemon.states import NewJob, State
from daemon.steps import Steps
from daemon.store import Store
from daemon.worker import Worker

log = logging.getLogger(__name__)

RESCAN_SECONDS = 60.0
PRUNE_SECONDS = 6 * 3600.0
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
        self._load = load
        self._started_at = self.clock.wall()
        self._stack = contextlib.ExitStack()
        self._notes: dict[tuple[str, str], str] = {}

    def open(self) -> None:
        """Lock the state directory and open the job table; nothing runs yet. Raises ConfigError."""
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise

    def start(self, *, only: int | None = None) -> None:
        """Go on where each job stood, and watch the inboxes; with `only`, work on that job and watch nothing."""
        self.claims.only = only
        self._open_folders()
        if only is None:
            self.inbox.start(self.settings.folders)
            self._stack.callback(self.inbox.stop)
        self.worker.start()
        self.scheduler.start()
        self.control.start()
        self._stack.callback(self.control.stop)

    def _build(self) -> None:
        settings = self.settings
        os.makedirs(settings.state_dir, mode=0o700, exist_ok=True)
        self._stack.enter_context(control.lock(settings.state_dir))
        store = self.store = Store(table_url(settings), self.clock, self.events)
        self._stack.callback(store.close)
        self.folders = Folders(mount_point)
        self._mounts = self._noted = store.notes(_MOUNTS).get(_MOUNTS, {})  # nobody else writes this note
        self.gates = Gates(self.events)
        for key in store.notes(PAUSE):
            folder = key.removeprefix(PAUSE)
            self.gates.close("pause", paused(folder), now=self.clock.now(), scope=folder)
        self.client = Client(settings.api.base_url, self._key, self.clock)
        self._stack.callback(self.client.close)
        pacing = self.pacing = Pacing(64, random.random)
        instance = uuid.uuid4().hex
        self.claims = Claims(store, self.gates, pacing, self.clock, settings, by=instance)
        self.claims.take_over()
        chance = random.random
        self.scheduler = Scheduler(self.clock, self._due)
        self.steps = Steps(
            store,
            self.client,
            self.gates,
            pacing,
            self.clock,
            settings,
            self.folders,
            chance=chance,
            later=self.scheduler.later,
        )
        self.inbox = Inbox(known=store.known, add=self._add, clock=self.clock.now, on_note=self._note)
        self.worker = Worker(
            store,
            self.claims,
            self.steps,
            self.clock,
            settings,
            by=instance,
            chance=chance,
            later=self.scheduler.later,
            changed=self.inbox.rescan,
        )
        self.probes = Probes(
            self.gates,
            store,
            self.client,
            self.clock,
            lambda: self.settings,
            self.folders,
            wake=self.worker.wake,
            later=self.scheduler.later,
            stopping=self.steps.stopping,
        )
        self.probes.take_up()
        self.actions = Actions(store, lambda: self.settings, self.clock, gates=self.gates, wake=self.worker.wake)
        self.scheduler.every(RESCAN_SECONDS, self._rescan)
        self.scheduler.every(PRUNE_SECONDS, self._prune)
        self.control = control.Control(settings.state_dir, self._handlers())

    def stop(self) -> bool:
        """Stop taking up work, let submits end, close everything; tell whether all threads ended in time."""
        until, ended = time.monotonic() + _STOP_SECONDS, True
        if hasattr(self, "worker"):
            ended = self.worker.stop(self.client.interrupt, _STOP_SECONDS)
            ended = self.scheduler.stop(max(0.0, until - time.monotonic())) and ended
            if not ended:
                log.warning("some work did not end in time; it goes on at the next start")
        self._stack.close()
        return ended

    def reload(self) -> list[str]:
        """Read the configuration again; faults leave the present one in force. Gives what is to be said."""
        if self._load is None:
            return []
        try:
            settings = self._load()
            fixed = [
                name
                for name in ("state_dir", "database")
                if getattr(settings, name) != getattr(self.settings, name)
            ]
        except ConfigError as error:
            for fault in error.faults:
                log.error("reload: %s", fault)  # noqa: TRY400 - a fault of the file, not of the daemon
            return [str(fault) for fault in error.faults]
        for name in fixed:
            log.warning("reload: %s changes only with a restart", name)
        keep = {name: getattr(self.settings, name) for name in ("state_dir", "database")}
        self.settings = settings.model_copy(update=keep)
        said = self._open_folders()
        self.worker.reload(self.settings)
        self.inbox.reload(self.settings.folders)
        self.gates.probe_now(self.clock.now())
        self.pacing.lift()
        self.scheduler.later(self.clock.now())
        log.info("reloaded: %d folder(s)", len(settings.folders))
        return said

    # What the parts call

    def _key(self) -> str:
        key = self.settings.api.key
        return "" if key is None else key.get_secret_value()

    def _add(self, new: Sequence[NewJob]) -> int:
        added = self.store.add(new)
        if added:
            self.worker.wake()
        return len(added)

    def _note(self, folder: str, message: str) -> None:
        log.warning("%s%s", f"{folder}: " if folder else "", message)

    def _due(self) -> float | None:
        if self.steps.stopping.is_set():
            return None
        if self.gates.to_probe(self.clock.now()):
            self.scheduler.soon(self.probes.run)
        now = self.clock.now()  # before the pools look, so that no row falls between their look and this one
        self.worker.wake()
        times = [self.store.next_due(_WAITING, after=now), self.probes.next(), self.pacing.opens_next(now)]
        return min((at for at in times if at is not None), default=None)

    def _rescan(self) -> None:
        self.inbox.rescan()
        self.worker.wake()

    def _prune(self) -> None:
        self.store.file.examine()
        pruned = self.store.prune(self.clock.wall() - KEPT_SECONDS)
        if pruned:
            log.info("forgot %d job(s) that ended more than a year ago", pruned)

    def _open_folders(self) -> list[str]:
        """Make folders that are missing, but none where a mount is; remember which mounts they are on."""
        faults = make_folders(self.settings, self._mounts, mount_point)
        for fault in faults:
            log.warning("%s", fault)
        present = remembered_mounts(self.settings, mount_point)
        # While a mount is gone its folder seems to lie on the one above: then what was remembered holds.
        self._mounts = {**present, **self._mounts} if faults else present
        self.folders.remember(self._mounts)
        if self._mounts != self._noted:
            try:
                self.store.note(_MOUNTS, self._mounts)
                self._noted = self._mounts
            except DBAPIError as error:  # the next reload or start writes it
                log.warning("where the folders are mounted could not be remembered: %s", error.orig)
        self._make_done()
        return [str(fault) for fault in faults]

    def _make_done(self) -> None:
        """Make each inbox's done/ ahead of its first use.

        A file that is moved into a directory that is not watched yet looks like a move out of the inbox, for which
        watchdog holds all other events back by 0.5 s.
        """
        for rule in self.settings.folders.values():
            if rule.after == "archive":
                with contextlib.suppress(OSError, Blocked):
                    self.folders.check(rule)
                    files.make_directories(rule.inbox, DONE)

    # How it is

    def silences(self) -> dict[str, float]:
        """Give, by loop, for how many seconds it has not got on with the work that it has."""
        now = time.monotonic()
        return {
            "inbox": now - self.inbox.beat(),
            "scheduler": self.scheduler.silence(),
            **self.worker.silences(now),
        }

    def status(self) -> dict[str, Any]:
        """Give what `hotfolder status --json` prints."""
        self.probes.look_at_table()
        about = {
            "running": True,
            "pid": os.getpid(),
            "started_at": timestamp(self._started_at),
            "state_dir": self.settings.state_dir,
            "config": self.settings.path,
        }
        return status.collect(
            self.store,
            self.settings,
            now=self.clock.wall(),
            gates=self.gates.closed(),
            inboxes=status.Inboxes(self.inbox.absent(), self.inbox.unmatched(), self.inbox.unfinished()),
            daemon=about,
        )

    def at_rest(self) -> bool:
        """Tell whether nothing can move any more without a person, a file, or the end of a condition."""
        folders, now = self.settings.folders, self.clock.now()
        return at_rest(self.inbox, self.worker, self.store, self.gates, self.pacing, folders, now)

    def _handlers(self) -> Mapping[str, control.Handler]:
        actions = self.actions
        return {
            "status": lambda _: self.status(),
            "retry": lambda asked: actions.retry(asked.pop("ids"), **asked),
            "cancel": lambda asked: actions.cancel(asked.pop("ids"), **asked),
            "attach": lambda asked: [actions.attach(asked["id"], asked["prediction"])],
            "pause": lambda asked: actions.pause(asked["folders"]),
            "resume": lambda asked: actions.resume(asked["folders"]),
            "try": lambda asked: actions.try_file(os.fsdecode(bytes.fromhex(asked["path"])), asked["folder"]),
        }
