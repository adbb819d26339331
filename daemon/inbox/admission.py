"""Settled files become jobs: each is looked at when it is due, judged, and added to the table once."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from daemon import signs
from daemon.config import FolderRule
from daemon.inbox.look import Look, PassingTroubleError, UnreadableError, look
from daemon.inbox.names import Role
from daemon.inbox.notes import Notes
from daemon.inbox.roots import Roots
from daemon.inbox.settle import Pace, Settling, Shape, Verdict
from daemon.states import NewJob

#: (folder, absolute paths) → for those that are live in the table, the identities they are known by.
Known = Callable[[str, list[str]], Mapping[str, set[str]]]
#: Records files as jobs, in one transaction, passing over what is already there.
Add = Callable[[Sequence[NewJob]], object]

#: Seconds until what could not be looked at or recorded is tried again.
_RETRY = 2.0
#: Seconds without change after which it is said that a file ends early: most only take a moment to be written.
_SAID_AFTER = 2.0


class Admission:
    """Takes files that are due out of the settling ones. For the one thread that owns those."""

    def __init__(
        self,
        settling: Settling,
        roots: Roots,
        notes: Notes,
        *,
        known: Known,
        add: Add,
        clock: Callable[[], float],
    ) -> None:
        self._settling = settling
        self._roots = roots
        self._notes = notes
        self._known = known
        self._add = add
        self._clock = clock

    def take_due(self, most: int) -> None:
        """Look at up to `most` files that are due, and add those that are settled, in one transaction.

        What `known` or `add` raise is passed on; the files then wait and are due again.
        """
        paths = self._settling.due(self._clock(), most)
        if not paths:
            return
        try:
            jobs = [job for folder, some in self._by_folder(paths).items() for job in self._settled(folder, some)]
            for job in jobs:
                self._drop_old_error(job)  # before a row is there, whose own failure could bring a new one
            if jobs:
                self._add(jobs)
        except Exception:
            for path in paths:
                self._settling.postpone(path, self._clock() + _RETRY)
            raise
        for job in jobs:
            self._settling.forget(job.source)

    def _by_folder(self, paths: list[str]) -> dict[str, list[str]]:
        """Group paths by folder, forgetting those that the rules of now do not take."""
        folders: dict[str, list[str]] = {}
        for path in paths:
            place = self._roots.place_of(path)
            if place is not None and place.role() is Role.INPUT:
                folders.setdefault(place.folder, []).append(path)
            else:
                self._settling.forget(path)
        return folders

    def _settled(self, folder: str, paths: list[str]) -> Iterator[NewJob]:
        """Look at files of one folder, and give jobs for those that are decided on.

        The table is asked before each file is looked at: a file that the table no longer has as live was put
        away before, so the look finds it gone. The other way round, a file that is just being put away could
        become a second job.
        """
        known = self._known(folder, paths)
        rule = self._roots.rule(folder)
        pace = Pace(rule.settle, rule.patience)
        for path in paths:
            signs.beat()
            seen = self._seen(path, rule)
            if seen is None:
                continue
            if seen.identity in known.get(path, ()):
                self._settling.forget(path)
                continue
            verdict = self._settling.judge(path, seen.mark, seen.shape, pace, self._clock())
            if verdict is not Verdict.WAIT:
                self._notes.no_longer_short(folder, path)
                yield _job(path, rule, seen, failed=verdict is Verdict.GIVE_UP)
            elif seen.shape is Shape.SHORT and self._settling.quiet_for(path, self._clock()) >= _SAID_AFTER:
                self._notes.short(folder, path, rule.patience)

    def _seen(self, path: str, rule: FolderRule) -> Look | None:
        """Look at a file; None if there is nothing to judge, or not now."""
        try:
            seen = look(path, rule)
        except FileNotFoundError:
            self._notes.no_longer_short(rule.name, path)
            self._settling.forget(path)
        except UnreadableError as error:
            self._notes.once(rule.name, path, f"{error}; it is tried again with each scan")
            self._settling.forget(path)
        except PassingTroubleError as error:
            self._notes.once("", "taking files in", f"has to wait: {error}")
            self._settling.postpone(path, self._clock() + _RETRY)
        else:
            self._notes.settled(rule.name, path)
            return seen
        return None

    def _drop_old_error(self, job: NewJob) -> None:
        """Remove what told of an earlier failure, once its source has come back from failed/ as this job."""
        place = self._roots.place_of(job.source)
        if place is None:
            return
        source = os.path.join(place.rule.inbox, "failed", place.relative)
        paper = f"{source}.error.txt"
        if os.path.lexists(paper) and not os.path.lexists(source):
            try:
                os.unlink(paper)
            except OSError as error:
                self._notes.once(job.folder, paper, f"is out of date and can't be removed: {error.strerror}")


def _job(path: str, rule: FolderRule, seen: Look, *, failed: bool) -> NewJob:
    flaw = seen.flaw if failed else None
    return NewJob(
        folder=rule.name,
        source=path,
        identity=seen.identity,
        size=seen.size,
        model=rule.model,
        fault_code=flaw.code if flaw else None,
        fault_message=flaw.message if flaw else None,
    )
