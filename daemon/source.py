"""Sources as they are on disk: opened safely, told apart, fingerprinted."""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator

from daemon import cores, signs
from daemon.errors import LocalTrouble, Rejected, SourceChanged, SourceGone
from daemon.states import Job

_BLOCK = 1 << 20
#: What says that this machine is short of something, not that the file is bad.
SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS})
#: What open(2) says of a link, of what `open_regular` found no file, of a socket, and of a device without driver.
_NO_FILE = frozenset({errno.ELOOP, errno.EINVAL, errno.ENOTDIR, errno.ENXIO, errno.ENODEV})
#: A prompt file is read whole; one that is larger is no prompt.
LONGEST_TEXT = 1 << 20


def identity_of(status: os.stat_result) -> str:
    """Give what tells this version of a file from others: inode, size and time of change of its content.

    The device is left out: it may change with each mount. ctime is left out: a chmod makes no new file.
    """
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading, never through a link and never waiting for a pipe's writer (open(2)).

    Gives descriptor and status. Raises OSError; ELOOP for a link, EINVAL for what is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor, status


def open_source(job: Job) -> int:
    """Open the source of `job` as it was recorded.

    Raises SourceGone, SourceChanged, Rejected (may not be read) or LocalTrouble.
    """
    path = job.lies_at
    if path is None:
        raise SourceGone("the file is no longer there")
    try:
        descriptor, status = open_regular(path)
    except FileNotFoundError:
        raise SourceGone("the file vanished before it was uploaded") from None
    except OSError as error:
        if error.errno in SHORTAGE:
            raise LocalTrouble(f"this machine is short of resources: {error.strerror}") from error
        if error.errno in _NO_FILE:
            raise SourceChanged("the file was replaced by something that is not a file") from error
        raise Rejected(
            f"The file can't be read: {error.strerror}. Give the service's user the right to read it.",
            code="unreadable",
        ) from error
    if identity_of(status) != job.identity:
        os.close(descriptor)
        raise SourceChanged("the file was replaced or written to while it waited")
    return descriptor


def check_unchanged(descriptor: int, job: Job) -> None:
    """Raise SourceChanged if the open source is no longer what was recorded."""
    if identity_of(os.fstat(descriptor)) != job.identity:
        raise SourceChanged("the file was written to while it was read")


@contextlib.contextmanager
def reading(job: Job) -> Iterator[int]:
    """Open the source of `job`, and see after all that is done with it that it still is what was recorded.

    A file that is refused may be one that is just being written anew: then it has changed, and is not to blame.
    Raises what `open_source` raises.
    """
    descriptor = open_source(job)
    try:
        yield descriptor
        check_unchanged(descriptor, job)
    except Rejected:
        check_unchanged(descriptor, job)
        raise
    finally:
        os.close(descriptor)


def sha256_of(descriptor: int) -> str:
    """Give the SHA-256 of an open file, in hex."""
    return read_through(descriptor, keep=0)[0]


def read_through(descriptor: int, *, keep: int) -> tuple[str, bytes | None]:
    """Give the SHA-256 of an open file, in hex, and what it holds, or None if that is more than `keep` bytes.

    Nor is kept what changed while it was read: it may be of two versions. Its ctime tells of that even where the
    time of change of its content was set back (inode(7)).
    """
    before = os.fstat(descriptor)
    digest, parts, offset = hashlib.sha256(), [], 0
    kept = before.st_size <= keep
    block = max(_BLOCK, before.st_size + 1) if kept else _BLOCK  # in one piece, which need not be copied
    with cores.hashing(min(block, before.st_size)):
        while part := os.pread(descriptor, block, offset):
            digest.update(part)
            offset += len(part)
            if kept:
                parts.append(part)
            signs.beat()
    after = os.fstat(descriptor)
    if not kept or (after.st_size, after.st_ctime_ns) != (offset, before.st_ctime_ns):
        return digest.hexdigest(), None
    return digest.hexdigest(), b"".join(parts)


def read_text(descriptor: int) -> str:
    """Give the text of an open prompt file, without a byte order mark and outer white space.

    Raises Rejected if it is too long, not UTF-8, or empty.
    """
    raw = os.pread(descriptor, LONGEST_TEXT + 1, 0)
    if len(raw) > LONGEST_TEXT:
        raise Rejected("The text file is larger than 1 MB: that is no prompt.", code="not_a_prompt")
    try:
        prompt = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Rejected(
            "The text file is not UTF-8. Save it with the encoding UTF-8 and put it back.", code="not_a_prompt"
        ) from None
    if not prompt:
        raise Rejected("The text file is empty. Write the prompt into it and put it back.", code="not_a_prompt")
    return prompt
