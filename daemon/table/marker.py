"""The marker beside the job table: that there was one, which one, and whose log lies there.

A table that is gone looks like one that never was, and files in an inbox would be paid for again. So who makes a
table leaves a small file beside it, and a daemon that finds this without its table does not make an empty one.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass

from daemon import files

_ABOUT = "This belongs to the job table beside it. Remove it only to begin with a new, empty table."


@dataclass(frozen=True, slots=True)
class Marker:
    """`table` is the table's id. `log_of`: inode of the table whose log lies there, after it was replaced."""

    table: str
    log_of: int | None = None


def path_beside(path: str) -> str:
    """Give the path of the marker of the table at `path`."""
    return f"{path}.marker"


def read(path: str) -> Marker | None:
    """Give the marker of the table at `path`; None if there is none. Raises OSError, ValueError."""
    try:
        with open(path_beside(path), encoding="utf-8") as file:
            found = json.load(file)
        return Marker(str(found["table"]), found.get("log_of"))
    except FileNotFoundError:
        return None
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError("it is not what hotfolder wrote") from error


def write(path: str, marker: Marker) -> None:
    """Put the marker of the table at `path` in place, on disk. Raises OSError."""
    text = json.dumps({**asdict(marker), "about": _ABOUT}, indent=1) + "\n"
    files.write_file(path_beside(path), text.encode())


def note_foreign_log(path: str, inode: int) -> None:
    """Note that the log beside `path` belongs to the table of this inode, which no longer lies there.

    SQLite would apply it to whatever lies there next (sqlite.org/howtocorrupt.html, 1.4). Raises OSError.
    """
    with contextlib.suppress(ValueError):
        found = read(path)
        if found is not None and found.log_of is None and os.path.lexists(f"{path}-wal"):
            write(path, Marker(found.table, inode))
