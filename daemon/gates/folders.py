"""Whether an inbox and an outbox are really there: a mount that is gone leaves an empty look-alike behind."""

import os
import stat
from collections.abc import Callable, Mapping

from daemon.config import FolderRule
from daemon.errors import Blocked
from daemon.names import shown


class Folders:
    """Knows under which mount point each folder lay when all was well. Thread-safe: it is only ever replaced.

    `mount_point` gives the mount point that a path lies under now.
    """

    def __init__(self, mount_point: Callable[[str], str]) -> None:
        self._mount_point = mount_point
        self._mounts: Mapping[str, str] = {}
        self._seen: dict[str, tuple[int, int]] = {}  # as each folder was when it was found to be in its place

    def remember(self, mounts: Mapping[str, str]) -> None:
        """Take over what is known of the folders: path to mount point."""
        self._mounts = dict(mounts)
        self._seen = {}

    def check(self, rule: FolderRule, *, spending: bool = False) -> None:
        """Raise Blocked("folder") if the inbox or the outbox of `rule` is not there.

        `spending`: also if sources could not leave the inbox. What is paid already is fetched all the same.
        """
        self.check_inbox(rule)
        self.check_outbox(rule)
        if spending and rule.after != "keep" and not os.access(rule.inbox, os.W_OK | os.X_OK):
            raise Blocked(
                f"the inbox {shown(rule.inbox)} can't be written, so no source could leave it", code="folder"
            )

    def check_inbox(self, rule: FolderRule) -> None:
        """Raise Blocked("folder") if the inbox of `rule` is not there."""
        self._check("inbox", rule.inbox)

    def check_outbox(self, rule: FolderRule) -> None:
        """Raise Blocked("folder") if the outbox of `rule` is not there."""
        self._check("outbox", rule.outbox)

    def _check(self, what: str, path: str) -> None:
        why = self._missing(path)
        if why is not None:
            raise Blocked(f"the {what} {shown(path)} {why}", code="folder")

    def _missing(self, path: str) -> str | None:
        try:
            status = os.stat(path)
        except OSError as error:
            return f"can't be used: {(error.strerror or str(error)).lower()}"
        if not stat.S_ISDIR(status.st_mode):
            return "is not a folder"
        # Not the device alone: a bind mount may show another part of the very file system that lies below it.
        identity = (status.st_dev, status.st_ino)
        if self._seen.get(path) == identity:
            return None
        mount = self._mounts.get(path)
        now = self._mount_point(path)
        # The path now lies under a mount point above the one it had: that one is gone.
        if mount is not None and mount != now and mount.startswith(now.rstrip("/") + "/"):
            return f"lay on the file system mounted at {shown(mount)}, which is not there"
        self._seen[path] = identity
        return None
