"""Watchdog's threads on inotify, with those of its habits mended that would end a watch or hold it up.

What is mended is private to watchdog, whose version is therefore bounded; tests/inbox shows each of them.
"""

import errno
import os
import time
from collections.abc import Callable

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver, InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)
from watchdog.observers.inotify_move_event_grouper import GroupedInotifyEvent
from watchdog.utils.delayed_queue import DelayedQueue


class _Queue(DelayedQueue[GroupedInotifyEvent]):
    """Events in their order, a move out held back as long as its other half may come; a stop waits for neither."""

    def get(self) -> GroupedInotifyEvent | None:
        """Give the next event when its time has come; None once this is closed."""
        with self._not_empty:
            while not self._closed:
                left: float | None = None
                if self._queue:
                    event, since, delayed = self._queue[0]
                    left = since + self.delay - time.monotonic() if delayed else 0.0
                    if left <= 0:
                        self._queue.popleft()
                        return event
                self._not_empty.wait(left)
        return None


class _Group(InotifyWatchGroup):
    """The watches below one root, whose bookkeeping survives directories that take each other's places.

    A directory that was moved out of the tree is still known by its old path. When another one has taken that path
    and was moved on, the end of the first is a KeyError in watchdog's own code, of which its thread dies.
    """

    def __post_init__(self) -> None:
        self._move_event_grouper._queue = _Queue(self._move_event_grouper.delay)  # noqa: SLF001 - no other way in
        super().__post_init__()

    def _remove_watch_internally(self, wd: WatchDescriptor) -> None:
        path = self._active_callbacks_by_watch.pop(wd, None)
        if path is not None and self._active_callbacks_by_path.get(path) == wd:
            del self._active_callbacks_by_path[path]


class _Emitter(InotifyFullEmitter):
    """Tells a rename into the tree from a file being created, and spares plain directories a stall.

    After a move out of the tree, watchdog holds back all events for 0.5 s to see whether a move in belongs to
    it. Only a recursive watch needs to know that; in a plain one, every source that is put away would do it.
    """

    def on_thread_start(self) -> None:
        """Begin to watch, as watchdog does it but for the class of the group."""
        path, mask = os.fsencode(self.watch.path), self.get_event_mask_from_filter()
        self._inotify = _Group(self._inotify_fd, path, is_recursive=self.watch.is_recursive, event_mask=mask)

    def queue_events(self, timeout: float, *, full_events: bool = True) -> None:
        """Hand on the next event; there is none once this is stopped, which watchdog would log as an error."""
        group = self._inotify
        event = None if group is None else group.read_event()
        if event is not None:
            self.build_and_queue_event(event, full_events=full_events)

    def get_event_mask_from_filter(self) -> Mask:
        mask = super().get_event_mask_from_filter()
        return mask if self.watch.is_recursive else Mask(mask & ~InotifyConstants.IN_MOVED_FROM)


class _Reader(InotifyFD):
    """Watchdog's reader of inotify, with three of its habits mended.

    It says nothing of a subdirectory that can't be watched, for lack of watches (ENOSPC) or of the right to read
    it (EACCES, which it even keeps as a watch); and of every directory that it meets twice while a tree is being
    made it writes a warning that holds all its watches.
    """

    def __init__(self, on_trouble: Callable[[str], None]) -> None:
        super().__init__()
        self._on_trouble = on_trouble
        self._full = False

    def _add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        try:
            watch = self._get_or_create_watch(path, mask)
        except OSError as error:
            if error.errno == errno.ENOSPC and not self._full:
                self._full = True  # said once, not for each directory of a large tree
                self._on_trouble("no inotify watches are left for subfolders; see fs.inotify.max_user_watches")
            raise
        if watch.wd == -1:
            self._watch_for_wd.pop(watch.wd, None)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        self._full = False
        watch.callbacks[id_] = callback
        return watch.wd


class Inotify(InotifyObserver):
    """One inotify instance for all watches. Raises OSError when there is none left (EMFILE)."""

    def __init__(self, on_trouble: Callable[[str], None]) -> None:
        # not InotifyObserver's own, which makes the reader that is mended here
        self._inotify_fd = _Reader(on_trouble)
        self._inotify_fd.start()
        BaseObserver.__init__(self, _Emitter, inotify_fd=self._inotify_fd)

    @property
    def well(self) -> bool:
        """Whether both the thread that reads events and the one that hands them on are alive."""
        return self.is_alive() and self._inotify_fd.is_alive()
