"""From a hint to a row: the thread that decides which files of the inboxes become jobs.

Everything that happens is done by this one thread, in turns: a portion of what was posted to it (events, wishes
of other threads), a portion of the files that are due for a look, a portion of a walk. Nothing here is lost for
good by being missed: the next walk comes by it again.
"""

import logging
import os
import queue
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from daemon import signs
from daemon.config import FolderRule
from daemon.inbox.admission import Add, Admission, Known
from daemon.inbox.look import identity_of, mark_of
from daemon.inbox.names import Role, never_input
from daemon.inbox.notes import Notes, OnNote
from daemon.inbox.roots import Roots
from daemon.inbox.rounds import Part, Rounds
from daemon.inbox.scanner import Found, odd_kind, scan
from daemon.inbox.settle import Hint, Settling
from daemon.inbox.watcher import Watcher

log = logging.getLogger(__name__)

#: What one turn does at most of each: files that share a transaction, entries of a walk.
_PORTION = 200
#: Hints that wait; beyond that they are dropped, and a walk makes up for it.
_FLOOD = 20_000
#: A walk pauses while so many of its files were not looked at once, or wait to settle.
_FRESH, _WAITING = 1000, 20_000
#: Seconds: between two looks at the roots, between signs of life, after trouble, until the next try.
_CARE_EVERY, _BEAT, _AGAIN, _RETRY = 5.0, 1.0, 2.0, 2.0


class Inbox:
    """Watches and walks the inboxes, and adds each settled file to the job table once.

    `known` and `add` are the job table's, `clock` gives seconds that never jump, `on_note` is told (folder,
    message) of what people should know; the folder is "" for what concerns all. They are called by this
    object's own thread. The methods may be called by any thread.
    """

    def __init__(  # the table, time and people; nothing of it is a group of its own
        self, *, known: Known, add: Add, clock: Callable[[], float], on_note: OnNote, poll_every: float = 2.0
    ) -> None:
        """`poll_every`: seconds between two looks at an inbox on a file system that gives no events."""
        self._known = known
        self._clock = clock
        self._notes = Notes(on_note)
        self._watcher = Watcher(self._on_path, self._on_directory, self._on_trouble)
        self._roots = Roots(self._watcher, self._notes, poll_every)
        self._settling = Settling()
        self._admission = Admission(self._settling, self._roots, self._notes, known=known, add=add, clock=clock)
        self._rounds = Rounds(self._walk)
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._count_lock = threading.Lock()
        self._open = 0  # calls that are posted and not yet dealt with, to the end of their turn
        self._reloads = 0  # rules that are posted and not yet taken over
        self._flooded = False
        self._at_rest = False
        self._stopping = threading.Event()
        self._care_at = 0.0
        self._again_at: float | None = None
        self._failures = 0
        self._sign = signs.Sign()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        #: Set when every inbox is watched and was walked once, or is reported absent; cleared by `reload`.
        self.ready = threading.Event()

    # --- for other threads ---

    def start(self, rules: Mapping[str, FolderRule]) -> None:
        """Begin to watch and to walk; returns at once, see `ready`."""
        self._watcher.start()
        self.reload(rules)
        self._thread.start()

    def reload(self, rules: Mapping[str, FolderRule]) -> None:
        """Take over other rules; files that are still settling are judged by them. Returns at once."""
        with self._count_lock:
            self._reloads += 1
            self.ready.clear()
        self._post(partial(self._assign, dict(rules)))

    def rescan(self, folder: str | None = None) -> None:
        """Walk over one folder, or over all, looking at their roots first. Returns at once."""
        self._post(partial(self._rescan, folder))

    def stop(self) -> None:
        """End the thread and the watches, waiting a few seconds at most."""
        self._stopping.set()
        self._post(lambda: None)
        if self._thread.ident is not None:
            self._thread.join(5.0)
        self._watcher.stop()

    def quiet(self) -> bool:
        """Tell whether nothing is posted, walked or settling: every file that was there is in the table."""
        with self._count_lock:
            return self._open == 0 and self._at_rest and self.ready.is_set()

    def unmatched(self) -> dict[str, list[str]]:
        """Give, by folder, the files that fit no pattern: absolute paths, at most a thousand of each folder."""
        return self._notes.all_unmatched()

    def unfinished(self) -> dict[str, list[str]]:
        """Give, by folder, the files that end early so far and wait for their rest: absolute paths."""
        return self._notes.all_short()

    def absent(self) -> dict[str, str]:
        """Give the folders whose inbox can't be used now, and why."""
        return self._roots.absent()

    def beat(self) -> float:
        """Give the time (time.monotonic()) of the last sign of life; there is one at least every second."""
        return self._sign.at

    def _post(self, call: Callable[[], None]) -> None:
        with self._count_lock:
            self._open += 1
        self._posted.put(call)

    # --- for the watcher's threads ---

    def _on_path(self, path: str, hint: Hint) -> None:
        if self._posted.qsize() >= _FLOOD:
            self._flooded = True
        else:
            self._post(partial(self._hinted, path, hint))

    def _on_directory(self, path: str) -> None:
        self._post(partial(self._appeared, path))

    def _on_trouble(self, message: str) -> None:
        self._post(partial(self._troubled, message))

    # --- the thread ---

    def _run(self) -> None:
        signs.adopt(self._sign)
        while not self._stopping.is_set():
            signs.beat()
            calls = self._collect()
            well = [self._tried(each) for each in (*calls, self._turn)]
            self._failures = 0 if all(well) else self._failures + 1
            self._rest(len(calls))
            if self._failures:
                self._stopping.wait(min(0.1 * 2**self._failures, _RETRY))

    def _tried(self, step: Callable[[], None]) -> bool:
        """Take a step; after one that failed, a walk over everything makes up for what it left undone."""
        try:
            step()
        except Exception:
            log.error("taking files in failed", exc_info=not self._failures)  # noqa: TRY400 - once is enough
            self._again_at = self._clock() + _AGAIN
            return False
        return True

    def _collect(self) -> list[Callable[[], None]]:
        """Wait for the next thing to do, and give what was posted, up to a portion."""
        wait = self._wait()
        calls: list[Callable[[], None]] = []
        try:
            calls.append(self._posted.get(timeout=wait) if wait > 0 else self._posted.get_nowait())
            while len(calls) < _PORTION:
                calls.append(self._posted.get_nowait())
        except queue.Empty:
            pass
        return calls

    def _wait(self) -> float:
        """Give the seconds that may be slept if nothing is posted."""
        if self._may_walk():
            return 0.0
        times = [self._settling.next_at(), self._care_at, self._again_at]
        now = self._clock()
        return max(0.0, min([_BEAT, *(at - now for at in times if at is not None)]))

    def _turn(self) -> None:
        self._admission.take_due(_PORTION)
        if self._flooded and self._posted.qsize() < _FLOOD // 2:
            self._flooded = False
            self._rescan(None)
        now = self._clock()
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            self._rescan(None)
        if now >= self._care_at:
            self._care()
        if self._may_walk() and (part := self._rounds.part(_PORTION)) is not None:
            self._take_part(part)

    def _rest(self, done: int) -> None:
        """Note at the end of a turn how things stand, before what it dealt with is taken off the count."""
        idle = not (len(self._settling) or len(self._rounds) or self._flooded or self._failures)
        with self._count_lock:
            self._at_rest = idle and self._again_at is None
            self._open -= done
            if not self._reloads and not self._failures and self._roots.all_seen():
                self.ready.set()

    # --- what is posted ---

    def _assign(self, rules: Mapping[str, FolderRule]) -> None:
        for folder in self._roots.assign(rules):
            self._notes.forget(folder)
            self._rounds.drop(folder)
        with self._count_lock:
            self._reloads -= 1
        self._settling.look_again(self._clock())
        self._care()

    def _care(self) -> None:
        self._care_at = self._clock() + _CARE_EVERY
        for folder in self._roots.care():
            self._rounds.want(folder, self._roots.rule(folder).inbox)

    def _rescan(self, folder: str | None) -> None:
        self._care()
        for each in self._roots.present():
            if folder in {None, each}:
                self._rounds.want(each, self._roots.rule(each).inbox)

    def _troubled(self, message: str) -> None:
        """Events were lost: walk now, and once more when watchdog has put its watches in order."""
        self._notes.tell("", f"file events may have been lost, so all inboxes are scanned ({message})")
        self._rescan(None)
        self._again_at = self._clock() + _AGAIN

    def _appeared(self, directory: str) -> None:
        place = self._roots.place_of(directory)
        if place is not None and place.rule.recursive and not never_input(place.relative):
            self._rounds.want(place.folder, place.rule.inbox, directory)

    def _hinted(self, path: str, hint: Hint) -> None:
        place = self._roots.place_of(path)
        role = place.role() if place is not None else Role.IGNORED
        if place is None or role not in {Role.INPUT, Role.UNMATCHED}:
            return
        folder = place.folder
        try:
            status = os.lstat(path)
        except OSError:
            self._settling.forget(path)  # gone, or a walk will tell why not
            return
        if not stat.S_ISREG(status.st_mode):
            self._notes.once(folder, path, odd_kind(status.st_mode))
        elif role is Role.UNMATCHED:
            self._notes.unmatched(folder, path)
        else:
            self._settling.observe(path, mark_of(status), hint, self._clock())

    # --- walks ---

    def _may_walk(self) -> bool:
        return bool(len(self._rounds)) and self._settling.fresh < _FRESH and len(self._settling) < _WAITING

    def _walk(self, folder: str, directory: str) -> Iterator[Found | None]:
        rule = self._roots.rule(folder)
        below = len(rule.inbox.rstrip("/")) + 1
        return scan(
            directory,
            recursive=rule.recursive,
            skip=lambda path: never_input(path[below:]),
            on_odd=partial(self._notes.once, folder),
        )

    def _take_part(self, part: Part) -> None:
        folder = part.folder
        if part.begins:
            self._notes.walk_begins(folder)
        inputs: list[Found] = []
        for found in part.found:
            place = self._roots.place_of(found.path)
            role = place.role() if place is not None and place.folder == folder else Role.IGNORED
            if role is Role.INPUT and found.path not in self._settling:
                inputs.append(found)
            elif role is Role.UNMATCHED:
                self._notes.unmatched(folder, found.path)
        try:
            self._offer(folder, inputs)
        except Exception:
            self._rounds.want(folder, self._roots.rule(folder).inbox)  # these files were not dealt with
            raise
        if part.ends:
            self._notes.walk_ends(folder)
            self._roots.scanned(folder)

    def _offer(self, folder: str, inputs: list[Found]) -> None:
        """Let those settle that the table does not know; it is asked again when they have."""
        known = self._known(folder, [found.path for found in inputs]) if inputs else {}
        for found in inputs:
            if identity_of(found.stat) not in known.get(found.path, ()):
                self._settling.observe(found.path, mark_of(found.stat), Hint.SCANNED, self._clock())
