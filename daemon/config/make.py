"""Make the folders of a configuration, but never where a mounted file system is missing."""

import os
from collections.abc import Callable, Iterator, Mapping

from daemon.config.model import Settings
from daemon.config.paths import inside
from daemon.config.words import dotted, one_line
from daemon.errors import Fault

#: Gives the mount point that a path lies under; for a path that does not exist, that of its nearest parent.
MountPoint = Callable[[str], str]


def remembered_mounts(settings: Settings, mount_point: MountPoint) -> dict[str, str]:
    """Note under which mount point each inbox and outbox lies now, for `make_folders` at a later start."""
    return {path: mount_point(path) for _, path in _paths(settings) if os.path.isdir(path)}


def make_folders(settings: Settings, remembered: Mapping[str, str], mount_point: MountPoint) -> list[Fault]:
    """Make what is missing of the state directory (mode 0700), the table's, inboxes and outboxes, with parents.

    `remembered` is what `remembered_mounts` gave when all was well. A folder that lay on a mounted file system
    which is not there now is a fault, and nothing is made: a look-alike below the mount point would take
    in files and results that vanish from sight when the file system is back. Returns a fault for each folder
    that can't be had; the others are made.
    """
    faults = _make("state_dir", settings.state_dir, 0o700)
    if settings.database.url is not None:
        faults += _make("database.url", os.path.dirname(settings.database_file), 0o700)
    for key, path in _paths(settings):
        mount = remembered.get(path)
        if mount is not None and _is_gone(mount, mount_point(path)):
            wrong = f'"{path}" lay on the file system mounted at "{mount}", which is not there'
            faults.append(Fault(key, wrong, "mount it again, or name another place"))
        else:
            faults += _make(key, path, 0o777)
    return [one_line(fault) for fault in faults]


def _is_gone(mount: str, now: str) -> bool:
    """Tell whether the mount point `mount` is none any more, since the path now lies under `now` above it."""
    return mount != now and inside(mount, now)


def _paths(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, rule in settings.folders.items():
        yield dotted(("folders", name, "inbox")), rule.inbox
        yield dotted(("folders", name, "outbox")), rule.outbox


def _make(key: str, path: str, mode: int) -> list[Fault]:
    try:
        os.makedirs(path, mode, exist_ok=True)
    except FileExistsError:
        wrong = f'"{path}" is there and is not a folder'
        return [Fault(key, wrong, "move it away, or name another place")]
    except OSError as error:
        wrong = f'"{path}" can\'t be made ({(error.strerror or "unknown error").lower()})'
        return [Fault(key, wrong, "make it yourself and give this user the right to write in it")]
    return []
