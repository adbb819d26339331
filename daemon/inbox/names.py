"""Which names in an inbox are input, which belong to other programs, and which go with another file.

All paths here are relative to the inbox's root, with "/" between their parts.
"""

import functools
import re
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import translate

#: Where an inbox keeps what is finished; of that meaning at its root only.
PUT_AWAY = frozenset({"done", "failed"})

#: Names of other programs, in lower case: thumbnails, recycle bins, snapshots of file servers.
_FOREIGN = frozenset(
    {
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "$recycle.bin",  # Windows
        "system volume information",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "icon\r",  # macOS: a folder's own picture
        "__macosx",  # what its archives leave elsewhere
        "lost+found",
        "tmp.drivedownload",  # Google Drive
        "tmp.driveupload",
        "4913",  # vim tries with it whether it may write
    }
)

#: How programs end the name of a file that they are still writing, in lower case.
_UNFINISHED = (
    ".part",  # Firefox, KDE
    ".partial",  # rclone, Internet Explorer
    ".crdownload",  # Chrome
    ".download",  # Safari
    ".opdownload",  # Opera
    ".filepart",  # WinSCP
    ".!sync",  # Resilio
    ".bts",
    ".!ut",  # BitTorrent clients
    ".!bt",
    ".!qb",
    ".bc!",
    ".aria2",
    ".tmp",  # Syncthing, OneDrive, Dropbox and many more
    ".temp",
    ".upload",
    ".uploading",
    ".swp",  # vim
    ".swo",
    ".swx",
    ".kate-swp",
    "~",  # backup copies of editors
)
#: `~$report.docx` (Office), `~syncthing~cat.jpg.tmp`, `.#cat.txt` is hidden anyway.
_PREFIXES = ("~$", "~syncthing~")
#: `cat.jpg.sb-1a2b3c4d-AbCdEf`: macOS writes beside a file before it replaces it.
_SAFE_SAVE = re.compile(r"\.sb-[0-9a-f]{8}-\w{6}$", re.IGNORECASE)

_MEDIA = (
    "jpe?g|png|gif|webp|avif|hei[cf]|bmp|tiff?|svg|jxl|mp4|m4v|mov|webm|mkv|avi|mp3|wav|m4a|aac|flac|ogg|opus|ogv"
)
#: The daemon's own papers: why a source failed, and where a result comes from (`cat.png.json`).
_PAPERS = re.compile(rf"\.error\.txt$|\.(?:{_MEDIA}|glb|gltf|fbx|obj|usdz)\.json$", re.IGNORECASE)


class Role(StrEnum):
    """What a file in an inbox is, judged by its name."""

    INPUT = "input"
    SIDECAR = "sidecar"  # goes with another file and is read when that one is submitted
    IGNORED = "ignored"  # never input, and nothing to tell
    UNMATCHED = "unmatched"  # no pattern of the rule fits: it stays, and is listed


def never_input(relative: str) -> bool:
    """Tell whether a file or directory, with all below it, is never taken as input.

    Hidden names (among them this program's own temporary files, `.hotfolder-…`), `done` and `failed` at the
    root, and what common programs write beside a file or before it is finished.
    """
    parts = relative.split("/")
    return parts[0] in PUT_AWAY or any(map(_foreign, parts)) or bool(_PAPERS.search(parts[-1]))


def _foreign(name: str) -> bool:
    lower = name.lower()
    return (
        lower.startswith((".", *_PREFIXES))
        or lower in _FOREIGN
        or lower.endswith(_UNFINISHED)
        or (lower.startswith("#") and lower.endswith("#"))  # emacs
        or bool(_SAFE_SAVE.search(lower))
    )


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a file name fits one of the shell patterns, upper and lower case being the same."""
    return _compiled(tuple(patterns)).match(name.lower()) is not None


@functools.lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns) or r"(?!)")


def is_sidecar(name: str, patterns: Sequence[str], *, takes_media: bool) -> bool:
    """Tell whether a file name is that of a sidecar: `cat.jpg.toml` or `cat.jpg.txt`, where `cat.jpg` matches.

    Where a rule takes no media, a text is a prompt of its own. A name that has no extension left (`notes.txt`
    under the pattern `*`) belongs to no other file.
    """
    stem, dot, extension = name.rpartition(".")
    return (
        takes_media
        and bool(dot)
        and extension.lower() in {"toml", "txt"}
        and "." in stem
        and matches(stem, patterns)
    )


def sidecars_of(source: str) -> tuple[str, str]:
    """Give the paths that a source's sidecars would have; the first that exists counts."""
    return f"{source}.toml", f"{source}.txt"


def role_of(relative: str, patterns: Sequence[str], *, takes_media: bool, recursive: bool) -> Role:
    """Judge a file by its path below the inbox, under a rule's `match`, `input` and `recursive`."""
    if never_input(relative) or (not recursive and "/" in relative):
        return Role.IGNORED
    name = relative.rpartition("/")[2]
    if is_sidecar(name, patterns, takes_media=takes_media):
        return Role.SIDECAR
    return Role.INPUT if matches(name, patterns) else Role.UNMATCHED
