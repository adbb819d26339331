"""Hints from the system that something in a directory is to be looked at. Knows nobody: it calls callables.

Events can be late, doubled, lost, or about what is gone again; whoever listens looks for itself. Built on
watchdog, whose own threads call back, so the callables must only put things aside, quickly.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingEmitter

from daemon.inbox.inotify import Inotify
from daemon.inbox.settle import Hint

log = logging.getLogger(__name__)

#: Without this choice the daemon's own reading would come back as events.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
#: Polling sees no closing, so a change of what is there counts too.
_POLLED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileMovedEvent, FileModifiedEvent]

#: Seconds that stopping waits for threads that may hang in a file system that does not answer.
_STOP_WITHIN = 2.0


class _Handler(FileSystemEventHandler):
    """Turns watchdog's events into hints, under the path that the configuration knows."""

    def __init__(self, watcher: "Watcher", root: str, real: str, *, polled: bool) -> None:
        self._watcher = watcher
        self._root = root
        self._real = real
        self._polled = polled

    def dispatch(self, event: FileSystemEvent) -> None:
        """Pass an event on. An exception would end watchdog's thread, so none leaves here."""
        try:
            self._pass_on(event)
        except Exception:
            log.exception("an event was lost; the next rescan makes up for it")

    def _pass_on(self, event: FileSystemEvent) -> None:
        path = os.fsdecode(
            event.dest_path if isinstance(event, (FileMovedEvent, DirMovedEvent)) else event.src_path
        )
        if event.is_synthetic or not path.startswith(self._real):
            return  # what a directory brought along is found by walking it; a move out has no destination
        path = self._root + path[len(self._real) :]
        if event.is_directory:
            self._watcher.on_directory(path)
        else:
            self._watcher.on_path(path, self._hint(event))

    def _hint(self, event: FileSystemEvent) -> Hint:
        if self._polled:
            return Hint.CREATED  # even a move is only guessed, from inode numbers that are used again
        if isinstance(event, FileMovedEvent):
            return Hint.MOVED
        return Hint.CLOSED if isinstance(event, FileClosedEvent) else Hint.CREATED


class _Trouble(logging.Handler):
    """Hears watchdog's own log, the only place where it says that events were lost or a watch failed."""

    def __init__(self, on_trouble: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_trouble = on_trouble

    def emit(self, record: logging.LogRecord) -> None:
        self._on_trouble(record.getMessage())


@dataclass(frozen=True, slots=True)
class _Watch:
    observer: BaseObserver
    watch: ObservedWatch


class Watcher:
    """Watches directories, each under a key, by inotify or by polling.

    `on_path` is told a file's path and why it is worth a look, `on_directory` that a directory appeared (what it
    brought along is not told), `on_trouble` in words that events may have been lost. All three are called by
    threads of watchdog and must return at once. The other methods are for one thread.
    """

    def __init__(
        self,
        on_path: Callable[[str, Hint], None],
        on_directory: Callable[[str], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self.on_path = on_path
        self.on_directory = on_directory
        self._on_trouble = on_trouble
        self._trouble = _Trouble(on_trouble)
        self._inotify: Inotify | None = None
        self._watches: dict[str, _Watch] = {}

    def start(self) -> None:
        """Begin to listen for trouble; threads begin with the first watch."""
        logging.getLogger("watchdog").addHandler(self._trouble)

    def stop(self) -> None:
        """End all watches and threads, waiting for them a little; can be called twice."""
        logging.getLogger("watchdog").removeHandler(self._trouble)
        observers = {id(each.observer): each.observer for each in self._watches.values()}
        if self._inotify is not None:
            observers[id(self._inotify)] = self._inotify
        self._watches.clear()
        self._inotify = None
        _end(*observers.values())

    def watch(self, key: str, root: str, *, recursive: bool, polling: bool, interval: float) -> None:
        """Watch the directory `root` (absolute path) in place of what was watched under `key`.

        Links in `root` are followed, since a watch on a link tells nothing; paths are told as if they were not.
        `interval` is for polling, in seconds. Raises OSError if the directory is not there, or the system has no
        inotify watch (ENOSPC) or instance (EMFILE) left.
        """
        self.unwatch(key)
        real = os.path.realpath(root)
        handler = _Handler(self, root.rstrip("/"), real.rstrip("/"), polled=polling)
        if polling:
            observer = _polling_observer(real, interval)
            observer.start()
        else:
            observer = self._well_inotify()
        events = _POLLED if polling else _EVENTS
        try:
            watch = observer.schedule(handler, real, recursive=recursive, event_filter=events)
        except BaseException:
            if polling:
                _end(observer)
            raise
        self._watches[key] = _Watch(observer, watch)

    def unwatch(self, key: str) -> None:
        """End the watch under `key`, if there is one."""
        gone = self._watches.pop(key, None)
        if gone is None:
            return
        if gone.observer is self._inotify:
            self._inotify.unschedule(gone.watch)
        else:
            _end(gone.observer)

    def dead(self) -> list[str]:
        """Give the keys whose watch has ended by itself: its directory is gone, or a thread died."""
        return [key for key, each in self._watches.items() if not _lives(each)]

    def alive(self) -> bool:
        """Tell whether every watch is alive."""
        return not self.dead()

    def _well_inotify(self) -> Inotify:
        if self._inotify is not None and not self._inotify.well:
            _end(self._inotify)
            self._inotify = None
        if self._inotify is None:
            self._inotify = Inotify(self._on_trouble)
            self._inotify.start()
        return self._inotify


def _lives(each: _Watch) -> bool:
    if not (each.observer.well if isinstance(each.observer, Inotify) else each.observer.is_alive()):
        return False
    return any(emitter.watch == each.watch and emitter.is_alive() for emitter in each.observer.emitters.copy())


def _polling_observer(real: str, interval: float) -> BaseObserver:
    """Make an observer that neither follows links nor walks what is hidden or put away."""

    def listdir(directory: str | None) -> Iterator[os.DirEntry[str]]:
        away = {"done", "failed"} if directory == real else set()
        with os.scandir(directory) as entries:
            yield from (entry for entry in entries if not entry.name.startswith(".") and entry.name not in away)

    return BaseObserver(PollingEmitter, timeout=interval, stat=os.lstat, listdir=listdir)


def _end(*observers: BaseObserver) -> None:
    """Stop observers, which may hang in a file system, waiting no longer than is good for a stop."""

    def end(observer: BaseObserver) -> None:
        observer.stop()
        observer.join()

    threads = [threading.Thread(target=end, args=(each,), daemon=True, name="watch-stop") for each in observers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_STOP_WITHIN)
