"""The inboxes' root directories: whether each is there, is the one it was, and is watched."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config import FolderRule
from daemon.inbox.mounts import on_network
from daemon.inbox.names import Role, role_of
from daemon.inbox.notes import Notes
from daemon.inbox.scanner import root_identity
from daemon.inbox.watcher import Watcher

#: inotify is used up: no watch left for this user, no instance left (inotify(7)).
_USED_UP = {errno.ENOSPC, errno.EMFILE, errno.ENFILE}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path lies: under which folder's rule, and at which path below that inbox."""

    rule: FolderRule
    relative: str

    @property
    def folder(self) -> str:
        """The folder's name."""
        return self.rule.name

    def role(self) -> Role:
        """Judge a file here by its name."""
        rule = self.rule
        return role_of(self.relative, rule.match, takes_media=rule.takes_media, recursive=rule.recursive)


@dataclass(slots=True)
class _Root:
    rule: FolderRule
    identity: tuple[int, int] | None = None  # device and inode while it is there and watched
    absent: str | None = None  # why it can't be used, while it can't
    scanned: bool = False


class Roots:
    """Keeps a watch on every root that is there. Makes none: a look-alike may hide where a mount belongs."""

    def __init__(self, watcher: Watcher, notes: Notes, poll_every: float) -> None:
        self._watcher = watcher
        self._notes = notes
        self._poll_every = poll_every
        self._roots: dict[str, _Root] = {}
        self._prefixes: list[tuple[str, str]] = []

    def assign(self, rules: Mapping[str, FolderRule]) -> list[str]:
        """Take over the rules, by folder; give the folders that went or whose rule is another than before."""
        changed = [folder for folder, root in self._roots.items() if rules.get(folder) != root.rule]
        for folder in changed:
            self._watcher.unwatch(folder)
            del self._roots[folder]
        for folder, rule in rules.items():
            self._roots.setdefault(folder, _Root(rule))
        # the longest first: one inbox may lie in another that does not take subfolders
        prefixes = [(root.rule.inbox.rstrip("/") + "/", folder) for folder, root in self._roots.items()]
        self._prefixes = sorted(prefixes, key=lambda each: -len(each[0]))
        return changed

    def place_of(self, path: str) -> Place | None:
        """Give the place of `path` (absolute) in one of the inboxes, or None."""
        for prefix, folder in self._prefixes:
            if path.startswith(prefix):
                return Place(self._roots[folder].rule, path[len(prefix) :])
        return None

    def care(self) -> list[str]:
        """Look at every root, and watch each that is new, is another directory than before, or lost its watch.

        Gives the folders of those: they are to be scanned.
        """
        dead = set(self._watcher.dead())
        return [folder for folder, root in self._roots.items() if self._taken_up(folder, root, folder in dead)]

    def _taken_up(self, folder: str, root: _Root, dead: bool) -> bool:  # noqa: FBT001 - private, and plain at its call
        try:
            identity = root_identity(root.rule.inbox)
            if identity == root.identity and not dead:
                return False
            self._watch(folder, root.rule)
        except OSError as error:
            self._lose(folder, root, error)
            return False
        if root.absent is not None:
            self._notes.tell(folder, f"{root.rule.inbox} is back")
        root.identity, root.absent = identity, None
        return True

    def _watch(self, folder: str, rule: FolderRule) -> None:
        polling = rule.watch == "polling" or (rule.watch == "auto" and on_network(rule.inbox))
        try:
            self._start_watch(folder, rule, polling=polling)
        except OSError as error:
            if polling or error.errno not in _USED_UP:
                raise
            why = "is polled, as the system has no inotify watches left; see fs.inotify in sysctl"
            self._notes.once(folder, rule.inbox, why)
            self._start_watch(folder, rule, polling=True)

    def _start_watch(self, folder: str, rule: FolderRule, *, polling: bool) -> None:
        self._watcher.watch(
            folder, rule.inbox, recursive=rule.recursive, polling=polling, interval=self._poll_every
        )

    def _lose(self, folder: str, root: _Root, error: OSError) -> None:
        words = {errno.ENOENT: "does not exist", errno.ENOTDIR: "is not a directory"}
        why = words.get(error.errno or 0, f"can't be used: {error.strerror or os.strerror(error.errno or 0)}")
        if root.absent is None:
            self._watcher.unwatch(folder)
            self._notes.tell(folder, f"{root.rule.inbox} {why}; it is taken up again when it is back")
        root.identity, root.absent = None, f"{root.rule.inbox} {why}"

    def scanned(self, folder: str) -> None:
        """Note that a walk over the whole folder has ended."""
        if folder in self._roots:
            self._roots[folder].scanned = True

    def present(self) -> list[str]:
        """Give the folders whose root is there."""
        return [folder for folder, root in self._roots.items() if root.identity is not None]

    def rule(self, folder: str) -> FolderRule:
        """Give a folder's rule. Raises KeyError."""
        return self._roots[folder].rule

    def absent(self) -> dict[str, str]:
        """Give the folders whose root can't be used, and why."""
        roots = self._roots.copy()  # at once, as other threads ask too
        return {folder: root.absent for folder, root in roots.items() if root.absent is not None}

    def all_seen(self) -> bool:
        """Tell whether every folder was scanned once, or is known to be absent."""
        return all(root.scanned or root.absent is not None for root in self._roots.values())
