"""What becomes of a source when its job has ended: done/, failed/ with its error file, deleted, or left alone."""

import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from daemon import files, names
from daemon.clock import timestamp
from daemon.config import FolderRule
from daemon.inbox.names import sidecars_of
from daemon.results import outbox
from daemon.source import identity_of
from daemon.states import Job, State

DONE, FAILED = "done", "failed"
ERROR_FILE = ".error.txt"

#: Brings a directory's names to the disk, or sees to it that this happens.
Sync = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is after it was put away: `lies_at` None if it is gone; `in_inbox` if it stayed."""

    lies_at: str | None
    in_inbox: bool


def put_away(job: Job, rule: FolderRule, sync: Sync = files.sync_directory) -> Place:
    """Deal with the source and the temporary files of a job that has ended; may be repeated after a kill.

    A source that is no longer what the job was made of stays: it is another file. `sync` is called with each
    directory whose names must reach the disk before the place is written down, the one that the source was in
    last. Raises OSError.
    """
    with contextlib.suppress(FileNotFoundError):
        outbox.clear_drafts(job, rule)
    after = job.after or rule.after
    if after == "leave":  # never ours to move
        return Place(job.lies_at, job.in_inbox)
    if job.state is State.DONE:
        return _done(job, rule, after, sync)
    return _failed(job, rule, sync)


def _done(job: Job, rule: FolderRule, after: str, sync: Sync) -> Place:
    source = job.lies_at or job.source
    if after == "delete" and os.path.lexists(_hidden(job, source)):  # a killed daemon was about to delete it
        return _delete(job, source, sync)
    if not _ours(job):
        return _gone(job, rule, DONE, sync)
    if after == "keep" and job.in_inbox:
        return Place(source, in_inbox=True)
    if after == "delete":
        with contextlib.suppress(FileNotFoundError):
            files.rename_noreplace(source, _hidden(job, source))
        return _delete(job, source, sync)
    return Place(_move(job, rule, DONE, sync), in_inbox=False)


def _hidden(job: Job, source: str) -> str:
    """Give the name under which a source is looked at once more before it is deleted."""
    return os.path.join(os.path.dirname(source), names.temporary(job.id, 0))


def _delete(job: Job, source: str, sync: Sync) -> Place:
    """Delete a source that has its hidden name, and its sidecars; the source last, so that a repeat finds it.

    Where another file has come under the source's name meanwhile, the sidecars are that file's.
    """
    hidden = _hidden(job, source)
    if _still_ours(job, hidden, source):
        sidecars = () if os.path.lexists(source) else sidecars_of(source)
        for path in filter(os.path.lexists, (*sidecars, hidden)):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(path)
        sync(os.path.dirname(source))
    return Place(None, in_inbox=False)


def _still_ours(job: Job, moved: str, source: str) -> bool:
    """Tell whether what was moved from `source` to `moved` is what the job was made of; what is not goes back.

    Between a look and a move a file can be replaced or written to. What is there then is still to be taken in.
    The inode does not count: a copy over a mount's border has another one.
    """
    try:
        identity = identity_of(os.lstat(moved))
    except FileNotFoundError:
        return False
    if identity.partition(":")[2] == job.identity.partition(":")[2]:
        return True
    directory, name = os.path.split(source)

    def attempt(taken: int) -> str:
        back = os.path.join(directory, names.beside(name, taken))
        files.move_noreplace(moved, back)
        return back

    files.first_free(attempt)
    return False


def _failed(job: Job, rule: FolderRule, sync: Sync) -> Place:
    lies_at = job.lies_at
    in_failed = not job.in_inbox and lies_at is not None and _is_below(lies_at, os.path.join(rule.inbox, FAILED))
    if in_failed and lies_at is not None and os.path.lexists(lies_at):
        place = Place(lies_at, in_inbox=False)  # mended or not: nobody else looks for it there
    elif _ours(job):
        place = Place(_move(job, rule, FAILED, sync), in_inbox=False)
    else:
        place = _gone(job, rule, FAILED, sync)
    if place.lies_at is not None:
        text = error_text(job)
        files.write_file(error_file(place.lies_at), text.encode("utf-8", "backslashreplace"))
    return place


def _ours(job: Job) -> bool:
    """Tell whether what lies at the source's place is still what the job was made of."""
    if job.lies_at is None:
        return False
    try:
        return identity_of(os.lstat(job.lies_at)) == job.identity
    except (FileNotFoundError, NotADirectoryError):
        return False


def _gone(job: Job, rule: FolderRule, place: str, sync: Sync) -> Place:
    """Find a source that a killed daemon had put away before it could write that down; else it is gone."""
    directory = os.path.join(rule.inbox, place, _subfolder(job, rule))
    taken = 0
    while True:
        target = os.path.join(directory, names.beside(job.name, taken))
        try:
            if identity_of(os.lstat(target)) == job.identity:
                break
        except OSError:
            if not any(map(os.path.lexists, sidecars_of(target))):
                _bring_to_disk(job.lies_at, None, sync)
                return Place(None, in_inbox=False)
        taken += 1
    if job.lies_at is not None and not os.path.lexists(job.lies_at):
        _follow(job.lies_at, target)
    _bring_to_disk(job.lies_at, target, sync)
    return Place(target, in_inbox=False)


def _move(job: Job, rule: FolderRule, place: str, sync: Sync) -> str | None:
    """Move the source and its sidecars to done/ or failed/, under free names; give the source's new path.

    None if another file had taken its place at the last moment.
    """
    source = job.lies_at or job.source
    directory = files.make_directories(rule.inbox, os.path.join(place, _subfolder(job, rule)))

    def attempt(taken: int) -> str:
        target = os.path.join(directory, names.beside(job.name, taken))
        for _, new in _sidecars(source, target):
            if os.path.lexists(new):  # a sidecar that stayed behind would count for the next file of its name
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
        files.move_noreplace(source, target)
        return target

    target = files.first_free(attempt)
    if not _still_ours(job, target, source):
        return None
    _follow(source, target)
    _bring_to_disk(source, target, sync)
    return target


def _bring_to_disk(source: str | None, target: str | None, sync: Sync) -> None:
    """Have a move, or a deletion, survive a power cut, so that the source does not come back as a new file.

    Also one that a killed daemon made; by now the directory that the source was in may be gone.
    """
    for path in (target, source):
        if path is not None and os.path.isdir(directory := os.path.dirname(path)):
            sync(directory)


def _sidecars(source: str, target: str) -> list[tuple[str, str]]:
    """Give the sidecars that lie beside a source, each with its place beside `target`."""
    pairs = zip(sidecars_of(source), sidecars_of(target), strict=True)
    # lexists says no also where the sidecar's name would be too long to exist
    return [(old, new) for old, new in pairs if os.path.lexists(old)]


def _follow(source: str, target: str) -> None:
    """Bring a source's sidecars to where it was moved, and forget why it failed before."""
    for old, new in _sidecars(source, target):
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            files.move_noreplace(old, new)
    forget_error(source)


def _subfolder(job: Job, rule: FolderRule) -> str:
    """Give the subfolder of the inbox that the source was dropped into; done/ and failed/ keep it."""
    return names.below(os.path.dirname(job.source), rule.inbox)


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(directory + "/")


def error_file(source: str) -> str:
    """Give the path of the error file beside a source; a name too long for what is added to it is shortened."""
    directory, name = os.path.split(source)
    return os.path.join(directory, names.trimmed(name, names.LONGEST_NAME - len(ERROR_FILE)) + ERROR_FILE)


def forget_error(source: str) -> None:
    """Remove the error file beside a source, if there is one: what it says no longer holds."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(error_file(source))


def error_text(job: Job) -> str:
    """Give the text of a failed or cancelled job's error file, for who only ever sees folders."""
    name = names.shown(job.name)
    paid = job.prediction_id is not None or job.may_be_paid
    head = f"{name} was not processed." if job.state is State.FAILED else f"{name} was cancelled."
    lines = [head, "", job.error_message or "No reason was recorded.", ""]
    lines += [
        "To try it again, move the file from this folder back into the one above it,",
        f"or have your administrator run: hotfolder retry {job.id}{' --pay-again' if paid else ''}",
        "",
        "For support:",
        f"  job {job.id} in folder {job.folder}, code {job.error_code or '-'}, model {job.model}",
        f"  prediction {job.prediction_id or '-'}, request {job.request_id or '-'}",
        f"  dropped {timestamp(job.created_at)}, ended {timestamp(job.finished_at)}",
    ]
    return "\n".join(lines) + "\n"
