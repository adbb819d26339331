"""Takes a multipart upload as it comes: to disk and through SHA-256, never whole in memory."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from daemon.sandbox.answers import Refusal
from daemon.sandbox.formats import HEAD_BYTES


@dataclass(frozen=True, slots=True)
class Received:
    """The file of an upload; `path` is None when its bytes were not to be kept."""

    filename: str
    size: int
    sha256: str
    head: bytes
    path: str | None


class _Form:
    """Listens to the parser and keeps the part named `file`."""

    def __init__(self, directory: str | None, limit: int | None) -> None:
        self.path = None if directory is None else os.path.join(directory, uuid.uuid4().hex)
        self.filename: str | None = None
        self.size = 0
        self.digest = hashlib.sha256()
        self.head = b""
        self.complete = False
        self.too_large = False
        self._limit = limit
        self._file: BinaryIO | None = None
        self._inside = False
        self._name = b""
        self._value = b""
        self._disposition = b""

    def on_part_begin(self) -> None:
        self._name = self._value = self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._inside = options.get(b"name") == b"file" and self.filename is None
        if self._inside:
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
            if self.path is not None:
                self._file = open(self.path, "wb")  # noqa: SIM115  (closed in `close`)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._inside:
            return
        self.size += end - start
        if self._limit is not None and self.size > self._limit:
            self.too_large = True
        if self.too_large:  # the rest is read and dropped, so that the client hears the answer
            return
        chunk = memoryview(data)[start:end]
        self.digest.update(chunk)
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(chunk[:HEAD_BYTES])
        if self._file is not None:
            self._file.write(chunk)

    def on_part_end(self) -> None:
        self.complete = self.complete or self._inside
        self._inside = False

    def close(self, *, keep: bool) -> None:
        if self._file is not None:
            self._file.close()
            if not keep:
                os.unlink(self._file.name)


async def receive_file(
    content_type: str, chunks: AsyncIterator[bytes], *, directory: str | None, limit: int | None
) -> Received:
    """Read the part `file` of a multipart body into a new file in `directory` (None: hash it only).

    Raises Refusal(413) beyond `limit` bytes and Refusal(400) for a body that is no multipart form, is cut,
    or has no such part.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Refusal(400, "file: a multipart/form-data body is needed")
    form = _Form(directory, limit)
    kept = False
    try:
        await _feed(form, options[b"boundary"], chunks)
        if form.too_large:
            raise Refusal(413, f"file: larger than the limit of {(limit or 0) / 1e6:g} MB")
        if form.filename is None or not form.complete:
            raise Refusal(400, "file: this field is required")
        kept = True
        return Received(form.filename, form.size, form.digest.hexdigest(), form.head, form.path)
    finally:
        form.close(keep=kept)


async def _feed(form: _Form, boundary: bytes, chunks: AsyncIterator[bytes]) -> None:
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": form.on_part_begin,
            "on_header_field": form.on_header_field,
            "on_header_value": form.on_header_value,
            "on_header_end": form.on_header_end,
            "on_headers_finished": form.on_headers_finished,
            "on_part_data": form.on_part_data,
            "on_part_end": form.on_part_end,
        },
    )
    try:
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise Refusal(400, f"file: the multipart body is malformed: {error}") from error
