"""What `check` finds out about the kernel's limits on watching (inotify(7), "/proc interfaces")."""

import os
from collections.abc import Iterator

from daemon.check.finding import Finding, ok, warning
from daemon.check.places import FileSystemOf
from daemon.config import FolderRule, Settings

#: Where the kernel tells its limits; absent where a service sees only processes (ProcSubset=pid).
LIMITS = "/proc/sys/fs/inotify"
#: Directories are counted no further, so that a look at a huge tree ends.
MOST = 1_000_000


def watch_findings(settings: Settings, file_system: FileSystemOf, limits: str = LIMITS) -> Iterator[Finding]:
    """Hold the inboxes that are watched by events against the limits of this user; silent where none are told."""
    watched = [rule for rule in settings.folders.values() if by_events(rule, file_system)]
    instances = _limit(os.path.join(limits, "max_user_instances"))
    if instances is not None and len(watched) > instances:
        yield warning("system", _too_few("max_user_instances", instances, len(watched), "inboxes"))
    watches = _limit(os.path.join(limits, "max_user_watches"))
    if watches is None:
        return
    count = sum(_directories(rule, min(watches + 1, MOST)) for rule in watched)
    if count > watches:
        yield warning("system", _too_few("max_user_watches", watches, count, "directories"))
    else:
        yield ok("system", f"{count} directories are to be watched; this user may watch {watches}")


def by_events(rule: FolderRule, file_system: FileSystemOf) -> bool:
    """Tell whether a rule's inbox is watched by events, and not polled."""
    if rule.watch == "auto":
        return not file_system(rule.inbox).network
    return rule.watch == "events"


def _too_few(name: str, limit: int, count: int, what: str) -> str:
    return (
        f"{count} {what} or more are to be watched, and this user may watch {limit}: the others are found by the "
        f"rescan alone; raise fs.inotify.{name} with sysctl"
    )


def _limit(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _directories(rule: FolderRule, most: int) -> int:
    """Count the directories of an inbox that need a watch, up to `most`; links are not followed."""
    count = 0
    for _ in os.walk(os.path.realpath(rule.inbox)):
        count += 1
        if not rule.recursive or count >= most:
            break
    return max(count, 1)  # one that is still to be made
