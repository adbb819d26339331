"""Names of results and of sources put away: kept stems, suffixes for taken names, trimming. Pure."""

import os

#: The longest name that common file systems take, in bytes (NAME_MAX, limits.h).
LONGEST_NAME = 255
#: Kept free behind a result's name, so that `.json` and a `~99` still fit.
_RESERVE = 12
#: What is longer, in bytes, is part of a title with a dot in it.
_LONGEST_EXTENSION = 32


def split(name: str) -> tuple[str, str]:
    """Split a file name into stem and extension (with its dot, or empty)."""
    return os.path.splitext(name)


def trimmed(stem: str, room: int) -> str:
    """Shorten `stem` to at most `room` bytes, never within a character of UTF-8."""
    raw = os.fsencode(stem)
    if len(raw) <= room:
        return stem
    end = room
    # Drop the beginning of a character that was cut; bytes that never were UTF-8 stay as they are.
    while end > max(0, room - 3) and 0x80 <= raw[end] < 0xC0:
        end -= 1
    whole = raw[end] >= 0xC0 or end == room
    return os.fsdecode(raw[: end if whole else room])


def result_name(stem: str, extension: str, index: int, taken: int) -> str:
    """Give the name of output `index` (from 1) of a source with this stem, after `taken` names were in use.

    `cat.png`, `cat-2.png`, with a taken name `cat~1.png`. `extension` has its dot.
    """
    tail = (f"-{index}" if index > 1 else "") + (f"~{taken}" if taken else "") + extension
    return trimmed(stem, LONGEST_NAME - _RESERVE - len(os.fsencode(tail))) + tail


def beside(name: str, taken: int) -> str:
    """Give the name under which a source is put away: its own, or with `~1`, `~2` … before the extension."""
    if not taken:
        return name
    stem, extension = split(name)
    if len(os.fsencode(extension)) > _LONGEST_EXTENSION:
        stem, extension = name, ""
    tail = f"~{taken}{extension}"
    return trimmed(stem, LONGEST_NAME - len(os.fsencode(tail))) + tail


def below(path: str, root: str) -> str:
    """Give `path` relative to the directory `root`; empty for `root` itself and for what does not lie in it."""
    inside = root.rstrip("/") + "/"
    relative = path[len(inside) :] if path.startswith(inside) else ""
    return "" if "/../" in f"/{relative}/" else relative


def temporary(job_id: int, index: int) -> str:
    """Give the hidden name under which output `index` of a job is written; it says whose it is."""
    return f".hotfolder-{job_id}-{index}"


def shown(name: str) -> str:
    """Give a name as text that any terminal, log or JSON takes: odd bytes and control characters escaped."""
    if name.isprintable():
        return name  # a surrogate escape is not printable
    raw = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in raw)
