"""Steps on files that must be safe: renames that never overwrite, copies and directories that reach the disk."""

import contextlib
import ctypes
import errno
import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator

from daemon import signs

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK}
_COPY_BLOCK = 1 << 20
#: What the slowest disks write, in bytes a second.
_SLOWEST = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)


def rename_noreplace(source: str, target: str) -> None:
    """Rename a file to a name that must be free (renameat2(2) with RENAME_NOREPLACE).

    Where the file system can't do that, the name is claimed with O_EXCL first. Raises FileExistsError if the
    name is taken, else OSError (EXDEV over a mount's border).
    """
    renameat2 = getattr(_libc, "renameat2", None)
    if renameat2 is not None:
        result = renameat2(
            _AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(_RENAME_NOREPLACE)
        )
        if result == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNSUPPORTED:
            raise OSError(code, os.strerror(code), source, None, target)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
    try:
        os.rename(source, target)
    except OSError:
        os.unlink(target)
        raise


def link_noreplace(source: str, target: str) -> bool:
    """Give `source` the second name `target`; False where the file system has no hard links.

    Raises FileExistsError if the name is taken (link(2) never overwrites), else OSError.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return False
        raise
    return True


def move_noreplace(source: str, target: str) -> None:
    """Move a file to a free name, over a mount's border too (then as a copy that is on disk before it goes).

    Raises FileExistsError if the name is taken, else OSError.
    """
    try:
        rename_noreplace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_by_copy(source, target)


def _move_by_copy(source: str, target: str) -> None:
    directory = os.path.dirname(target)
    draft = os.path.join(directory, f".hotfolder-{os.getpid()}-{threading.get_ident()}")
    with temporary_file(draft) as descriptor:
        copy_into(source, descriptor)
        sync(descriptor)
        rename_noreplace(draft, target)
    sync_directory(directory)
    os.unlink(source)


def copy_into(source: str, descriptor: int) -> None:
    """Copy a regular file's bytes and times into an open one."""
    origin = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(origin)
        while block := os.read(origin, _COPY_BLOCK):
            write_all(descriptor, block)
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
    finally:
        os.close(origin)


@contextlib.contextmanager
def temporary_file(path: str) -> Iterator[int]:
    """Open a new file at `path` for reading and writing, in place of a leftover; remove it after an error.

    Its mode is what the umask leaves of rw-rw-rw-, its group the directory's where that has setgid.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileExistsError:
        os.unlink(path)
        descriptor = os.open(path, flags, 0o666)
    try:
        yield descriptor
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; a single write(2) may take less."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
        signs.beat()


def sync(descriptor: int) -> None:
    """Bring a file's bytes to the disk (fsync(2)); that may take a slow disk as long as the file is large."""
    signs.silent_until(time.monotonic() + os.fstat(descriptor).st_size / _SLOWEST)
    os.fsync(descriptor)
    signs.beat()


def write_file(path: str, data: bytes) -> None:
    """Put a small file in place, whole and on disk, over an older one of its name."""
    directory, name = os.path.split(path)
    # Always the same one, so that a killed daemon's leftover is replaced; short, whatever bytes the name has.
    mark = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    draft = os.path.join(directory, f".hotfolder-{mark}.part")
    with temporary_file(draft) as descriptor:
        write_all(descriptor, data)
        os.fsync(descriptor)
        os.rename(draft, path)
    sync_directory(directory)


class _Turns:
    """One directory's fsyncs, one after the other: the numbers of the last that began, was done, and failed."""

    __slots__ = ("__weakref__", "begun", "done", "failed", "turn")

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.begun, self.done, self.failed = 0, 0, -1


_turns_lock = threading.Lock()
#: By device and inode, as long as somebody waits: a mount that does not answer is not in the way of its successor.
_turns: "weakref.WeakValueDictionary[tuple[int, int], _Turns]" = weakref.WeakValueDictionary()


def sync_directory(path: str) -> None:
    """Bring a directory's names to the disk (fsync(2) on the directory). Raises OSError.

    Results of many jobs appear in one outbox, and file systems take its fsyncs one at a time. One that began after
    this was called serves as well as an own one, unless one failed meanwhile: the kernel tells of an error whoever
    had the directory open by then, so each caller opens it at once and asks with its own descriptor.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        with _turns_lock:
            turns = _turns.setdefault((status.st_dev, status.st_ino), _Turns())
        asked = turns.begun
        with turns.turn:
            if turns.done > asked > turns.failed:
                return
            before, turns.failed = turns.failed, turns.begun + 1  # until it is known to be done
            turns.begun += 1
            os.fsync(descriptor)
            turns.done, turns.failed = turns.begun, before
    finally:
        os.close(descriptor)


def make_directories(root: str, relative: str) -> str:
    """Make the directories of `relative` beneath `root`, which must be there; give the path of the last.

    The root is never made here: where a mount is missing, a look-alike directory would swallow results.
    """
    path = root
    if not os.path.isdir(root):
        raise FileNotFoundError(errno.ENOENT, "the folder is not there", root)
    for part in filter(None, relative.split("/")):
        path = os.path.join(path, part)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
    return path


def first_free(attempt: Callable[[int], str]) -> str:
    """Call `attempt` with 0, 1, 2, … until it does not raise FileExistsError; give what it returned."""
    taken = 0
    while True:
        try:
            return attempt(taken)
        except FileExistsError:
            taken += 1
