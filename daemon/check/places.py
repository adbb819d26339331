"""What `check` finds out about directories: rights by really writing, room, and the kind of file system."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.check.finding import Finding, fault, ok, warning
from daemon.config import FolderRule, Settings
from daemon.config.words import dotted
from daemon.inbox import mounts

#: Below this much room a folder of results is worth a warning: a few videos.
LITTLE_ROOM = 1_000_000_000
LITTLE_ROOM_FOR_STATE = 100_000_000
FEW_FILES = 1000


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What a path lies on: its type as the kernel names it, and whether other machines can write to it."""

    kind: str
    network: bool


#: Gives the file system of a path; for a path that does not exist, that of its nearest parent.
FileSystemOf = Callable[[str], FileSystem]


def file_systems() -> FileSystemOf:
    """Read once what is mounted, and give a look-up for paths."""
    mounted = mounts.read()

    def file_system(path: str) -> FileSystem:
        mount = mounts.mount_of(os.path.realpath(path), mounted)
        return (
            FileSystem(mount.fstype, mounts.is_network(mount.fstype))
            if mount
            else FileSystem("unknown", network=False)
        )

    return file_system


def folder_findings(settings: Settings, file_system: FileSystemOf) -> Iterator[Finding]:
    """Look at every inbox and outbox. Makes none; writes and removes a hidden file in those that are there."""
    for name, rule in settings.folders.items():
        yield from _inbox(dotted(("folders", name, "inbox")), rule, file_system)
        key = dotted(("folders", name, "outbox"))
        yield from _directory(key, rule.outbox, _writable(rule.outbox))
        yield from _room(key, rule.outbox, LITTLE_ROOM)


def state_findings(settings: Settings, file_system: FileSystemOf) -> Iterator[Finding]:
    """Look at the state directory: writable, private, with room, and on a disk of this machine."""
    path = settings.state_dir
    yield from _directory("state_dir", path, _writable(path))
    yield from _room("state_dir", path, LITTLE_ROOM_FOR_STATE)
    if os.path.isdir(path) and (mode := stat.S_IMODE(os.stat(path).st_mode)) & 0o077:
        yield warning("state_dir", f'other users may look into "{path}" (mode {mode:04o}); chmod 700 {path}')
    key = "state_dir"
    if settings.database.url is not None:
        key, directory = "database.url", os.path.dirname(settings.database_file)
        yield from _directory(key, directory, _writable(directory))
    kind = file_system(settings.database_file)
    if kind.network:
        # https://www.sqlite.org/wal.html: "WAL does not work over a network filesystem"
        yield warning(key, f"the job table lies on a network file system ({kind.kind}), where it may be damaged")


def missing_parent(path: str) -> str:
    """Give the nearest directory above `path` that is there."""
    while not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)
    return path


def _inbox(key: str, rule: FolderRule, file_system: FileSystemOf) -> Iterator[Finding]:
    problem = _writable(rule.inbox)
    if (
        problem is not None
        and rule.after == "keep"
        and os.access(rule.inbox, os.R_OK | os.X_OK, effective_ids=True)
    ):
        # sources stay where they are, so reading is enough for all that succeed
        yield warning(key, f'{problem}; sources that fail can\'t be moved to "{rule.inbox}/failed"')
    else:
        yield from _directory(key, rule.inbox, problem)
    kind = file_system(rule.inbox)
    if not kind.network:
        return
    if rule.watch == "events":
        wrong = f"is on a network file system ({kind.kind}), which gives no events for what other machines write"
        yield warning(key, f'"{rule.inbox}" {wrong}; files are found by the rescan alone; use watch = "auto"')
    else:
        yield ok(key, f'"{rule.inbox}" is on a network file system ({kind.kind}) and is polled')


def _directory(key: str, path: str, problem: str | None) -> Iterator[Finding]:
    """Turn what `_writable` says into a finding, and look whether a missing directory can be made."""
    if problem is not None:
        yield fault(key, problem)
    elif os.path.isdir(path):
        yield ok(key, f'"{path}" is there and can be written to')
    else:
        yield ok(key, f'"{path}" will be made')


def _writable(path: str) -> str | None:
    """Say why files can't be made in `path`, or the directory itself can't; None if they can."""
    if os.path.isdir(path):
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            return f'"{path}" can\'t be read by this user'
        return _try_to_write(path)
    parent = missing_parent(path)
    if not os.path.isdir(parent):
        return f'"{parent}" is there and is not a folder'
    if os.access(parent, os.W_OK | os.X_OK, effective_ids=True):
        return None
    return f'"{path}" can\'t be made: this user may not write in "{parent}"'


def _try_to_write(path: str) -> str | None:
    """Write and remove a file of a hidden name, which no inbox takes; a full disk shows only then."""
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".hotfolder-check-") as file:
            file.write(b"check")
            file.flush()
    except OSError as error:
        return f'"{path}" can\'t be written to ({(error.strerror or "unknown error").lower()})'
    return None


def _room(key: str, path: str, little: int) -> Iterator[Finding]:
    try:
        found = os.statvfs(missing_parent(path))
    except OSError:
        return  # what is wrong with it was said when it was written to
    room = found.f_bavail * found.f_frsize
    if room < little:
        yield warning(key, f'there are only {room / 1e6:.0f} MB of room for "{path}"')
    if found.f_files and found.f_favail < FEW_FILES:  # some file systems have no limit and say 0
        yield warning(key, f'there is room for only {found.f_favail} more files at "{path}"')
