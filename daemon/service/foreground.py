"""`hotfolder run`: the daemon in the foreground, with signals and the service manager's protocol."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from daemon import cores
from daemon.service.sdnotify import Notifier
from daemon.service.service import Service
from daemon.signs import HUNG
from daemon.states import FINAL, State

log = logging.getLogger(__name__)

_TURN = 5.0
#: Seconds between two looks at something that is awaited.
_SOON = 0.02
#: Seconds after which the service manager is told that a reload is over, whatever it still waits for.
_RELOADS = 30.0
#: Seconds that `--once` gives messages to be sent before it ends; what is not is sent by the next run.
_TELL = 10.0


class _Signals:
    """What signals asked for; the main thread waits for it."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.stop = False
        self.reload = False

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal; called by the main thread between two instructions, so nothing else may be done here."""
        if number == signal.SIGHUP:
            self.reload = True
        else:
            self.stop = True
        self.woken.set()


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    """Take SIGTERM, SIGINT and SIGHUP, and give them back to whom they were."""
    asked = _Signals()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, asked.handle) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(service: Service, *, once: bool = False) -> int:
    """Run until a signal, or with `once` until all is done that can be; give the exit code. Raises ConfigError."""
    notifier, code = Notifier(os.environ), 0
    with _signals() as asked:
        service.open()
        try:
            service.start()
            if once:
                code = _once(service, asked)
                service.teller.flush(_TELL)
            else:
                _forever(service, asked, notifier)
        finally:
            notifier.tell("STOPPING=1")
            ended = service.stop()
            cores.scatter()
            log.info("stopped")
    if not ended:
        # Threads that hang in a system call would hold the interpreter at its exit; the table has what they do.
        os._exit(code)
    return code


class _Heart:
    """Feeds the service manager's watchdog as long as the work that can be done gets on."""

    def __init__(self, service: Service, notifier: Notifier) -> None:
        self._service = service
        self._notifier = notifier
        self._limit = notifier.watchdog_seconds or HUNG
        self._hung: set[str] = set()

    def beat(self) -> None:
        """Feed it, unless a loop has been silent for too long; say once which one."""
        late = {name: seconds for name, seconds in self._service.silences().items() if seconds > self._limit}
        for name in late.keys() - self._hung:
            log.error("the %s loop hangs: nothing has got on there for %.0f s", name, late[name])
        self._hung = set(late)
        if not late:
            self._notifier.tell("WATCHDOG=1")


def _forever(service: Service, asked: _Signals, notifier: Notifier) -> None:
    ready, reload = False, None
    heart = _Heart(service, notifier)
    turn = min(_TURN, (notifier.watchdog_seconds or _TURN * 2) / 2)
    while not asked.stop:
        if not ready and service.parts.inbox.ready.is_set():
            ready = True
            log.info("ready: %d folder(s) watched", len(service.settings.folders))
            notifier.tell("READY=1")
            service.page.open()
        if reload is not None and reload.over():
            reload = None
        if asked.reload and reload is None:
            asked.reload = False
            reload = _Reload(service, notifier)
        heart.beat()
        service.parts.scheduler.keep_up()
        _tell_status(service, notifier)
        cores.gather()
        asked.woken.wait(turn if ready and reload is None else _SOON)
        asked.woken.clear()


def _tell_status(service: Service, notifier: Notifier) -> None:
    try:
        notifier.status(service.headline())
    except Exception:
        log.exception("the status can't be told just now; the work goes on")


class _Reload:
    """A reload under way, in a thread of its own: a folder that does not answer must not keep a stop waiting."""

    def __init__(self, service: Service, notifier: Notifier) -> None:
        self._service = service
        self._notifier = notifier
        self._until = time.monotonic() + _RELOADS
        self._ended = threading.Event()
        notifier.tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            threading.Thread(target=self._run, name="reload", daemon=True).start()
        except RuntimeError:  # no more threads just now
            log.exception("the reload could not begin; the work goes on")
            self._ended.set()

    def _run(self) -> None:
        try:
            self._service.reload()
        except Exception:
            log.exception("the reload did not get to its end; the work goes on")
        self._ended.set()

    def over(self) -> bool:
        """Tell whether it has ended and all inboxes are watched, or that took too long; the manager is told so.

        It is told in any case, or it would wait for that and then kill the daemon.
        """
        if not (self._ended.is_set() and self._service.parts.inbox.ready.is_set()):
            if time.monotonic() < self._until:
                return False
            log.warning("the reload is not over after %.0f s; it goes on, and so does the work", _RELOADS)
        self._notifier.tell("READY=1")
        return True


def _once(service: Service, asked: _Signals) -> int:
    """Wait until nothing moves; 0 if every job that moved here ended well, else 1."""
    before = dict(service.parts.store.counts)
    while not asked.stop:
        if service.at_rest():
            break
        cores.gather()
        asked.woken.wait(0.05)
    else:
        return 1
    after = service.parts.store.counts
    bad = sum(after[key] - before.get(key, 0) for key in after if key[1] is State.FAILED)
    waiting = sum(count for (_, state), count in after.items() if state not in FINAL)
    return 1 if bad > 0 or waiting or service.parts.inbox.absent() else 0
