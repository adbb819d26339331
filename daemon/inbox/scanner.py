"""Walking an inbox: what is there, whatever events have told or not told."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: Told (path, why) about an entry that is neither a file to look at nor a directory that could be walked.
OnOdd = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file that a walk came by: its absolute path, and its lstat."""

    path: str
    stat: os.stat_result


def _nothing_odd(_path: str, _why: str) -> None:
    """Stand in where nobody asks."""


def scan(
    root: str,
    *,
    recursive: bool = True,
    skip: Callable[[str], bool] = lambda _: False,
    on_odd: OnOdd = _nothing_odd,
) -> Iterator[Found | None]:
    """Give the regular files in `root` (absolute path), without following links below it.

    `skip` is told the path of an entry before anything else is done with it. None comes for each entry that is
    no file, so that a walk over nothing but directories can be interrupted too. What can't be walked or looked
    at, and links, pipes, sockets and devices, go to `on_odd`; what vanishes meanwhile is passed over.
    Memory: the names of one directory at a time, and the directories that are still to be walked.
    """
    directories = [root]
    while directories:
        directory = directories.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if skip(entry.path):
                        yield None
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if recursive:
                            directories.append(entry.path)
                        yield None
                        continue
                    yield _found(entry, on_odd)
        except (FileNotFoundError, NotADirectoryError):
            yield None
        except OSError as error:
            on_odd(directory, f"can't be read: {error.strerror}")
            yield None


def _found(entry: os.DirEntry[str], on_odd: OnOdd) -> Found | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        on_odd(entry.path, f"can't be looked at: {error.strerror}")
        return None
    if stat.S_ISREG(status.st_mode):
        return Found(entry.path, status)
    on_odd(entry.path, odd_kind(status.st_mode))
    return None


def odd_kind(mode: int) -> str:
    """Say of an entry that is no regular file what it is and what becomes of it."""
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(mode), "a directory" if stat.S_ISDIR(mode) else "a device")
    return f"is {kind}, not a file; it stays where it is"


def root_identity(path: str) -> tuple[int, int]:
    """Give device and inode of the directory that `path` leads to, links followed.

    They change when it is deleted and made again, or when something is mounted there or no longer. Raises
    OSError if it is not there, is no directory, or can't be read.
    """
    status = os.stat(path)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(20, "is not a directory", path)
    if not os.access(path, os.R_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", path)
    return status.st_dev, status.st_ino
