"""Histories of inboxes: what people and programs do to files and directories, in any order, on real ones.

A history is a list of steps, drawn by hypothesis. Each step names an action and two numbers, which choose among
what is there at that moment, so that any list is a history, and a shorter one is a simpler one.
"""

import contextlib
import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Step = tuple[str, int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def numbered_picture(number: int) -> bytes:
    """Give a whole PNG of one pixel that says `number` in a remark, so that no two have the same bytes."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\0" + bytes([number % 256]))
    chunks = ((b"IHDR", header), (b"tEXt", b"Comment\0%d" % number), (b"IDAT", pixel), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


class World:
    """The directories of one history: one of its own in each inbox, and one outside on the same file system.

    `number` is that of its first content; contents are counted on from there, so that no two histories share one.
    `contents` holds the SHA-256 of all that was whole at some place at some time, `places` the (path, identity)
    of all that were seen whole in an inbox after a step. `late` are contents that were written to an open file
    after somebody had moved it away from where it was opened, or while it had another name, which may be put away.
    """

    def __init__(self, inboxes: Sequence[str], outside: str, number: int) -> None:
        self.roots = [os.path.join(inbox, f"history-{number}") for inbox in inboxes]
        self.outside = os.path.join(outside, f"history-{number}")
        self.number = number
        self.done = 0
        self.contents: set[str] = set()
        self.places: set[tuple[str, str]] = set()
        self.late: set[str] = set()
        for path in (self.outside, *self.roots):
            os.makedirs(path)

    def play(self, step: Step) -> None:
        """Take one step; one that is not possible, or no longer since somebody moved the file, does nothing."""
        action, one, two = step
        with contextlib.suppress(OSError):
            ACTIONS[action](self, one, two)
            self.done += 1
        self.places |= self.present()

    def clear(self) -> None:
        """Remove all that is left."""
        for path in (self.outside, *self.roots):
            shutil.rmtree(path, ignore_errors=True)

    def present(self) -> set[tuple[str, str]]:
        """Give (path, identity) of the files that lie in the inboxes now."""
        found = set()
        for path in self.files():
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                found.add((path, f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"))
        return found

    def files(self) -> list[str]:
        """Give the paths of the files that lie in the inboxes, in an order that only their names decide."""
        return sorted(
            os.path.join(path, name) for root in self.roots for path, _, names in os.walk(root) for name in names
        )

    def directories(self) -> list[str]:
        """Give the paths of the directories in the inboxes, the history's own ones included."""
        return sorted(path for root in self.roots for path, _, _ in os.walk(root))

    # --- what the actions are made of ---

    def content(self) -> bytes:
        """Give a new content."""
        self.number += 1
        return self.whole(numbered_picture(self.number))

    def whole(self, content: bytes) -> bytes:
        """Note that a content is whole."""
        self.contents.add(hashlib.sha256(content).hexdigest())
        return content

    def file(self, one: int) -> str:
        """Choose a file that is there. Raises FileNotFoundError if there is none."""
        return _chosen(self.files(), one)

    def directory(self, one: int) -> str:
        """Choose a directory that is there."""
        return _chosen(self.directories(), one)

    def inner(self, one: int) -> str:
        """Choose a directory that may be moved or removed. Raises FileNotFoundError if there is none."""
        return _chosen([path for path in self.directories() if path not in self.roots], one)

    def place(self, one: int, two: int) -> str:
        """Choose a place for a file, which may be taken: names are few."""
        return os.path.join(self.directory(one), f"{two % 4}.png")

    def draft(self) -> str:
        """Make a file with new content outside; give its path."""
        path = os.path.join(self.outside, f"draft-{self.number}.png")
        with open(path, "wb") as file:
            file.write(self.content())
        return path

    def write(self, path: str, flags: int, change: Callable[[bytes], bytes]) -> None:
        """Open the file at `path`, and write what `change` makes of its content."""
        descriptor = os.open(path, os.O_RDWR | flags, 0o666)
        try:
            os.write(descriptor, change(os.pread(descriptor, 1 << 20, 0)))
            status = os.fstat(descriptor)
            there = os.path.lexists(path) and os.path.samestat(os.lstat(path), status)
            if not there or status.st_nlink > 1:
                self.late.add(hashlib.sha256(os.pread(descriptor, 1 << 20, 0)).hexdigest())
        finally:
            os.close(descriptor)


def _chosen(paths: list[str], one: int) -> str:
    if not paths:
        raise FileNotFoundError
    return paths[one % len(paths)]


def _create(world: World, one: int, two: int) -> None:
    world.write(world.place(one, two), os.O_CREAT | os.O_TRUNC, lambda _: world.content())


def _create_in_two(world: World, one: int, two: int) -> None:
    """Close the file in the middle, as some copiers do."""
    path, content = world.place(one, two), world.content()
    world.write(path, os.O_CREAT | os.O_TRUNC, lambda _: content[:40])
    world.write(path, os.O_APPEND, lambda _: content[40:])


def _create_beside(world: World, one: int, two: int) -> None:
    """Write under another name and rename, as browsers do."""
    path = world.place(one, two)
    with open(f"{path}.part", "wb") as file:
        file.write(world.content())
    os.rename(f"{path}.part", path)


def _append(world: World, one: int, two: int) -> None:
    world.number += 1
    tail = b"#%d" % world.number
    world.write(world.file(one), os.O_APPEND, lambda old: world.whole(old + tail)[len(old) :])


def _rewrite(world: World, one: int, two: int) -> None:
    world.write(world.file(one), os.O_TRUNC, lambda _: world.content())


def _replace(world: World, one: int, two: int) -> None:
    os.rename(world.draft(), world.file(one))


def _rename(world: World, one: int, two: int) -> None:
    os.rename(world.file(one), world.place(two, one + two))


def _delete(world: World, one: int, two: int) -> None:
    os.unlink(world.file(one))


def _link(world: World, one: int, two: int) -> None:
    os.link(world.file(one), world.place(two, one + two))


def _touch(world: World, one: int, two: int) -> None:
    os.utime(world.file(one))


def _make_directory(world: World, one: int, two: int) -> None:
    os.mkdir(os.path.join(world.directory(one), f"d{two % 3}"))


def _move_directory(world: World, one: int, two: int) -> None:
    os.rename(world.inner(one), os.path.join(world.directory(two), f"d{(one + two) % 3}"))


def _move_directory_out(world: World, one: int, two: int) -> None:
    os.rename(world.inner(one), os.path.join(world.outside, f"d{two % 3}"))


def _move_directory_in(world: World, one: int, two: int) -> None:
    away = [entry.path for entry in os.scandir(world.outside) if entry.is_dir()]
    os.rename(_chosen(sorted(away), one), os.path.join(world.directory(two), f"d{(one + two) % 3}"))


def _bring_directory(world: World, one: int, two: int) -> None:
    """Move in a tree that was made outside."""
    album = os.path.join(world.outside, "album")
    os.makedirs(os.path.join(album, "inner"))
    os.rename(world.draft(), os.path.join(album, "0.png"))
    os.rename(world.draft(), os.path.join(album, "inner", "1.png"))
    try:
        os.rename(album, os.path.join(world.directory(one), f"d{two % 3}"))
    finally:
        shutil.rmtree(album, ignore_errors=True)


def _remove_directory(world: World, one: int, two: int) -> None:
    shutil.rmtree(world.inner(one))


def _move_out(world: World, one: int, two: int) -> None:
    os.rename(world.file(one), os.path.join(world.outside, f"{two % 4}.png"))


def _move_in(world: World, one: int, two: int) -> None:
    away = [entry.path for entry in os.scandir(world.outside) if entry.is_file()]
    os.rename(_chosen(sorted(away), one), world.place(two, one + two))


ACTIONS: dict[str, Callable[[World, int, int], None]] = {
    "create": _create,
    "create in two": _create_in_two,
    "create beside": _create_beside,
    "append": _append,
    "rewrite": _rewrite,
    "replace": _replace,
    "rename": _rename,
    "delete": _delete,
    "link": _link,
    "touch": _touch,
    "make directory": _make_directory,
    "move directory": _move_directory,
    "move directory out": _move_directory_out,
    "move directory in": _move_directory_in,
    "bring directory": _bring_directory,
    "remove directory": _remove_directory,
    "move out": _move_out,
    "move in": _move_in,
}


def histories(*others: str, most: int = 30) -> st.SearchStrategy[list[Step]]:
    """Give histories of `most` steps or fewer, but no fewer than a third; `others` are those of the test itself.

    Every other step makes something, so that there is something to lose.
    """
    numbers = st.integers(0, 11)
    makers = ["create", "create in two", "create beside", "make directory", "bring directory"]
    making = st.tuples(st.sampled_from(makers), numbers, numbers)
    changing = st.tuples(st.sampled_from([*ACTIONS, *others]), numbers, numbers)
    return st.lists(st.one_of(making, changing), min_size=most // 3, max_size=most)
