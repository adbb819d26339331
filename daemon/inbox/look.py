"""One look at a file in an inbox: what it is now, and whether it can be used under its rule."""

import errno
import os
import stat
from dataclasses import dataclass

from daemon.config import FolderRule
from daemon.inbox.settle import Mark, Shape
from daemon.media import Kind, Media, inspect

#: Bytes that a prompt may have; what is longer is no prompt, and is not read.
PROMPT_LIMIT = 100_000
#: No signature of a format is longer: what is shorter and not recognised may just have begun.
_TINY = 16
#: No fault of the file: this machine is out of something, and another look later may do.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN}

_KINDS = {
    Kind.IMAGE: "jpg jpeg png gif webp bmp tif tiff avif heic heif",
    Kind.VIDEO: "mp4 m4v mov webm mkv avi",
    Kind.AUDIO: "wav flac ogg oga opus m4a mp3 aac",
    Kind.MODEL3D: "glb",
}
_EXPECTED = {extension: kind for kind, extensions in _KINDS.items() for extension in extensions.split()}
#: Sound that may begin with anything before its first frame.
_UNSIGNED = {"mp3", "aac"}
#: Containers hold either, whatever the name says.
_TIMED = {Kind.VIDEO, Kind.AUDIO}
_A = {
    Kind.IMAGE: "a picture",
    Kind.VIDEO: "a video",
    Kind.AUDIO: "a sound",
    Kind.MODEL3D: "a 3D model",
    Kind.TEXT: "a text",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a file can't be used: a code for the row, and plain words with what to do."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. `flaw` is why the file fails, should the wait for a better look end."""

    mark: Mark
    identity: str
    size: int
    shape: Shape
    flaw: Flaw | None = None


class PassingTroubleError(Exception):
    """The file could not be looked at for lack of something on this machine; the text says of what."""


class UnreadableError(Exception):
    """The file is there and can't be read, or is no regular file; the text says why."""


def mark_of(status: os.stat_result) -> Mark:
    """Give what changes when a file is written, replaced or moved."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def identity_of(status: os.stat_result) -> str:
    """Give `inode:size:mtime_ns`, by which the job table knows a file at its path."""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def look(path: str, rule: FolderRule) -> Look:
    """Open the file at `path` (absolute), whatever it has become meanwhile, and judge it under `rule`.

    Raises FileNotFoundError if it is gone, UnreadableError, or PassingTroubleError.
    """
    try:
        # never through a link, never waiting for a pipe's other end
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("is no longer a file")
            shape, flaw = _judge(fd, status.st_size, path, rule)
        finally:
            os.close(fd)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, "it is gone", path) from None
    except OSError as error:
        if error.errno in _PASSING:
            raise PassingTroubleError(error.strerror) from error
        raise UnreadableError(f"can't be read: {error.strerror}") from error
    return Look(mark_of(status), identity_of(status), status.st_size, shape, flaw)


def _judge(fd: int, size: int, path: str, rule: FolderRule) -> tuple[Shape, Flaw | None]:
    if size == 0:
        return Shape.SHORT, Flaw("empty", "The file is empty. Save or copy it into the inbox again.")
    if rule.max_size_mb is not None and size > rule.max_size_mb * 1_000_000:
        return Shape.WRONG, Flaw(
            "too_large",
            f"The file has {size / 1_000_000:,.1f} MB, and this folder takes at most {rule.max_size_mb:g} MB. "
            "Make it smaller, or raise max_size_mb in the folder's rule.",
        )
    return _judge_media(inspect(fd, size), fd, size, path) if rule.takes_media else _judge_text(fd, size)


def _judge_media(media: Media | None, fd: int, size: int, path: str) -> tuple[Shape, Flaw | None]:
    extension = os.path.splitext(path)[1].lower().removeprefix(".")
    expected = _EXPECTED.get(extension)
    if media is None:
        if size < _TINY or not any(os.pread(fd, 512, 0)):
            return Shape.SHORT, _ends_early("The file holds next to nothing, or only zeros.")
        if expected is None or extension in _UNSIGNED:
            return Shape.SILENT, None
        return Shape.WRONG, _not_media(extension, expected, "its content is none that is known")
    if expected is not None and media.kind is not expected and not {media.kind, expected} <= _TIMED:
        content = _A.get(
            media.kind, "a web page" if media.extension == "html" else f"{media.extension.upper()} data"
        )
        return Shape.WRONG, _not_media(extension, expected, f"its content is {content}")
    if media.whole is False:
        return Shape.SHORT, _ends_early(
            f"The file ends early: the last part of its {media.extension.upper()} data is missing."
        )
    return (Shape.WHOLE if media.whole else Shape.SILENT), None


def _ends_early(what: str) -> Flaw:
    return Flaw("ends_early", f"{what} Perhaps it was not copied completely. Copy it into the inbox again.")


def _not_media(extension: str, expected: Kind, content: str) -> Flaw:
    return Flaw(
        "not_media",
        f"By its name (.{extension}) the file is {_A[expected]}, but {content}. "
        "Open it to see what it is; if it is what you meant, save it in the format that its name says.",
    )


def _judge_text(fd: int, size: int) -> tuple[Shape, Flaw | None]:
    if size > PROMPT_LIMIT:
        limit = f"{PROMPT_LIMIT:,}"
        return Shape.WRONG, Flaw(
            "too_large", f"A prompt may have {limit} bytes, and this file has {size:,}. Shorten it."
        )
    data = os.pread(fd, size, 0)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end == len(data) and error.reason == "unexpected end of data":
            return Shape.SHORT, _ends_early("The text ends in the middle of a character.")
        message = "The file is not a text in UTF-8. Save it as plain text with the encoding UTF-8."
        return Shape.WRONG, Flaw("not_text", message)
    if not text.replace("\0", " ").strip():  # zeros: the place of a text that is still to come
        return Shape.SHORT, Flaw("empty", "The file holds no text. Write the prompt into it.")
    return Shape.SILENT, None
