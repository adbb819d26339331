"""The way of a result into the outbox: a hidden temporary file, checks, fsync, a name that never overwrites.

The temporary name stays until `done` is in the table. A daemon that is killed in between finds, on its second way
here, the same inode under a visible name and knows that the result is out already.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon import files, names
from daemon.config import FolderRule
from daemon.errors import Blocked, LocalTrouble, StageError
from daemon.inbox.names import PUT_AWAY
from daemon.source import SHORTAGE
from daemon.states import Job, State

#: Nothing is submitted while an outbox has less than this free: a result that was paid for must find room.
ROOM = 64 << 20
_LINKS = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """One output of a job, whole and on disk under its temporary name."""

    path: str
    index: int  # from 1
    extension: str  # with its dot
    sha256: str
    size: int


def check_room(rule: FolderRule) -> None:
    """Raise Blocked("folder") unless the outbox is there, can be written, and has room for a result."""
    with _folder_trouble(rule):
        free = os.statvfs(rule.outbox)
        if not os.access(rule.outbox, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it can't be written", rule.outbox)
        if free.f_bavail * free.f_frsize < ROOM or (free.f_files and not free.f_favail):
            raise OSError(errno.ENOSPC, "it has no room for a result", rule.outbox)


def directory_for(job: Job, rule: FolderRule) -> str:
    """Make and give the outbox's directory for the results of `job`: the inbox's subfolders are kept.

    Raises Blocked("folder").
    """
    with _folder_trouble(rule):
        return files.make_directories(rule.outbox, _subfolder(job, rule))


def _subfolder(job: Job, rule: FolderRule) -> str:
    """Give the inbox's subfolder that the source was dropped into; a file from done/ or failed/ is tried anew."""
    below = names.below(os.path.dirname(job.source), rule.inbox)
    first, _, rest = below.partition("/")
    return rest if first in PUT_AWAY else below


@contextlib.contextmanager
def _folder_trouble(rule: FolderRule) -> Iterator[None]:
    """Turn what is wrong with the outbox into the gate that it closes."""
    try:
        yield
    except OSError as error:
        if error.errno in SHORTAGE:
            raise LocalTrouble(f"this machine is short of resources: {error.strerror}") from error
        why = (error.strerror or str(error)).lower()
        raise Blocked(f"the outbox {names.shown(rule.outbox)} can't take results: {why}", code="folder") from error


def write_draft(
    job: Job,
    rule: FolderRule,
    directory: str,
    index: int,
    fetch: Callable[[Callable[[bytes], object]], object],
    extension_of: Callable[[int, int], str],
) -> Draft:
    """Write output `index` of `job` under its temporary name; it is on disk when this returns.

    `fetch` is given a function that takes the bytes; `extension_of` looks at the open file (descriptor, size) and
    gives the extension, or raises StageError for what is not to be let in. Raises Blocked("folder") and what
    `fetch` raises.
    """
    path = os.path.join(directory, names.temporary(job.id, index))
    digest = hashlib.sha256()
    with _folder_trouble(rule), files.temporary_file(path) as descriptor:

        def take(block: bytes) -> None:
            digest.update(block)
            files.write_all(descriptor, block)

        fetch(take)
        size = os.fstat(descriptor).st_size
        extension = extension_of(descriptor, size)
        files.sync(descriptor)
    return Draft(path, index, extension, digest.hexdigest(), size)


def published(job: Job, directory: str, index: int, extension_of: Callable[[int, int], str]) -> str | None:
    """Give the path under which output `index` of `job` lies in the outbox already, or None.

    That it is ours is proven by its inode, which the temporary name still has.
    """
    path = os.path.join(directory, names.temporary(job.id, index))
    with contextlib.suppress(OSError):
        return _read_note(path) or _second_name(path, job, directory, index, extension_of)
    return None


def _second_name(
    path: str, job: Job, directory: str, index: int, extension_of: Callable[[int, int], str]
) -> str | None:
    status = os.lstat(path)
    if status.st_nlink < _LINKS or not stat.S_ISREG(status.st_mode):
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        extension = extension_of(descriptor, status.st_size)
    except StageError:
        return None
    finally:
        os.close(descriptor)
    stem = names.split(job.name)[0]
    taken = 0
    while True:
        target = os.path.join(directory, names.result_name(stem, extension, index, taken))
        if not os.path.lexists(target):
            return None
        if os.path.samestat(os.lstat(target), status):
            return target
        taken += 1


def publish(job: Job, rule: FolderRule, draft: Draft, provenance: Callable[[str], str] | None) -> str:
    """Give a draft its visible name, which was free; give its path. `provenance` makes the record's text.

    The record appears first, so that whoever sees the result finds both. Raises Blocked("folder").
    """
    directory = os.path.dirname(draft.path)
    stem = names.split(job.name)[0]

    def attempt(taken: int) -> str:
        name = names.result_name(stem, draft.extension, draft.index, taken)
        target = os.path.join(directory, name)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        record = None if provenance is None else _write_record(draft, f"{target}.json", provenance(name))
        try:
            _give_name(draft.path, target)
        except OSError:
            if record is not None:
                os.unlink(record)
            raise
        return target

    with _folder_trouble(rule):
        _withdraw_record(draft.path)
        target = files.first_free(attempt)
        files.sync_directory(directory)
    return target


def bring_to_disk(rule: FolderRule, directory: str) -> None:
    """Have names survive a power cut, those that a killed daemon gave too. Raises Blocked("folder")."""
    with _folder_trouble(rule):
        files.sync_directory(directory)


def _write_record(draft: Draft, target: str, text: str) -> str:
    """Put the provenance file in place; its temporary name stays, to prove whose it is."""
    temporary = f"{draft.path}.json"
    with files.temporary_file(temporary) as descriptor:
        files.write_all(descriptor, text.encode("utf-8", "backslashreplace"))
        os.fsync(descriptor)
    if not files.link_noreplace(temporary, target):
        files.rename_noreplace(temporary, target)
    return target


def _withdraw_record(path: str) -> None:
    """Take away the record that an earlier, killed way here left without the result that was to follow.

    `path` is the result's temporary name. That the record is ours is proven by its inode.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if os.path.lexists(path) and os.lstat(path).st_nlink >= _LINKS:
            return  # its result is out
        temporary = f"{path}.json"
        status = os.lstat(temporary)
        if status.st_nlink < _LINKS:
            return
        with os.scandir(os.path.dirname(path)) as entries:
            found = [entry.path for entry in entries if entry.inode() == status.st_ino and entry.path != temporary]
        for record in found:
            os.unlink(record)


def _give_name(path: str, target: str) -> None:
    if files.link_noreplace(path, target):
        return
    # Without hard links the inode can't prove whose the result is; a note does, written before the name.
    files.write_file(f"{path}.name", os.fsencode(os.path.basename(target)))
    files.rename_noreplace(path, target)


def _read_note(path: str) -> str | None:
    """Give the result that a note beside the (already renamed) temporary file names, or None."""
    try:
        with open(f"{path}.name", "rb") as file:
            target = os.path.join(os.path.dirname(path), os.path.basename(os.fsdecode(file.read())))
    except FileNotFoundError:
        return None
    return target if os.path.lexists(target) and not os.path.lexists(path) else None


def clear_drafts(job: Job, rule: FolderRule) -> None:
    """Remove the temporary names of `job` from the outbox; the visible ones stay. Raises OSError."""
    directory = os.path.join(rule.outbox, _subfolder(job, rule))
    for index in range(1, max(len(job.outputs), len(job.result_urls), 1) + 1):
        path = os.path.join(directory, names.temporary(job.id, index))
        if job.state is not State.DONE:
            _withdraw_record(path)
        for leftover in (f"{path}.json", f"{path}.name", path):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(leftover)
