"""A file as a multipart body that is read while it is sent, so that memory does not grow with the file."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator

from daemon.errors import SourceChanged, Transient

#: Small enough that a slow line moves one within the stall deadline.
_PIECE = 64 * 1024


class FileBody:
    """The multipart body with one file in field `file` (uploads page), with a length and in pieces.

    fd: an open file, read by position from its start, so the descriptor's own position plays no part; size:
    the bytes that it is known to have; sent: called with each piece's length; content: the file's bytes, if they
    are at hand, which are then neither read nor hashed. Raises SourceChanged while it is iterated if the file has
    more or fewer bytes than `size`, before the body is complete, so nothing of it counts as uploaded.
    """

    def __init__(
        self,
        fd: int,
        name: str,
        size: int,
        mime: str,
        sent: Callable[[int], None],
        content: bytes | None = None,
    ) -> None:
        boundary = secrets.token_hex(16)
        self._fd = fd
        self._size = size
        self._sent = sent
        self._content = None if content is None else memoryview(content)  # whose pieces are no copies
        self._hash = hashlib.sha256()
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe_name(name)}"\r\n'
            f"Content-Type: {_safe_type(mime)}\r\n\r\n"
        ).encode("ascii")
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self.content_type = f"multipart/form-data; boundary={boundary}"
        #: Set once the last piece was handed on; an answer that came earlier is not about the whole file.
        self.complete = False

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        # What frames the file goes out with its first and its last piece: each piece is a system call or two.
        at, frame = 0, self._head
        while piece := self._read(at):
            at += len(piece)
            if at >= self._size:
                break
            self._note(piece)
            yield b"".join((frame, piece)) if frame else piece
            frame = b""
            self._sent(len(piece))
        if at != self._size or self._read(at):
            raise SourceChanged("The file was changed while it was being uploaded.")
        self._note(piece)
        self.complete = True
        yield b"".join((frame, piece, self._tail))
        self._sent(len(piece))

    def _note(self, piece: bytes | memoryview) -> None:
        if self._content is None:
            self._hash.update(piece)

    def _read(self, at: int) -> bytes | memoryview:
        if self._content is not None:
            return self._content[at : at + _PIECE]
        try:
            return os.pread(self._fd, _PIECE, at)
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            raise Transient(f"The file can't be read ({reason}). Tried again later.") from error

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the file's bytes that were sent so far, in hexadecimal; None for a given content."""
        return self._hash.hexdigest() if self._content is None else None


def safe_name(name: str) -> str:
    """Give a plain ASCII file name for the header, whatever bytes `name` is made of; its extension stays.

    The API needs no more of it than the extension; quotes or line breaks in it would end the header.
    """
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        stem, extension = name, ""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_")[:80] or "file"
    extension = re.sub(r"[^A-Za-z0-9]+", "", extension)[:16]
    return f"{stem}.{extension}" if extension else stem


def _safe_type(mime: str) -> str:
    return (
        mime
        if re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", mime, re.ASCII | re.IGNORECASE)
        else "application/octet-stream"
    )
