"""Serves the files of known jobs, by job and number and never by path: to be shown where that is safe.

A file is opened without following a link, and only if it is a regular one. What it is, its bytes tell; a name or a
server's claim does not. What could run as a page (HTML, SVG) or is not known is only ever downloaded.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from daemon import media
from daemon.names import shown
from daemon.source import open_regular
from daemon.states import Job
from daemon.web.desk import Desk
from daemon.web.hands import Hands
from daemon.web.pages import problem
from daemon.web.ranges import Unsatisfiable, wanted_of
from daemon.web.thumbs import Thumbs

T = TypeVar("T")

#: By the extension that `daemon.media` gives for a file's bytes, the type under which browsers may show it.
_SAFE = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
}
_BLOCK = 256 * 1024
#: Seconds after which a file is looked for again: sources are moved first, and then the table says where they are.
_AGAIN = (0.05, 0.2, 0.5)
#: Opened by itself, a picture or film is a page that the browser makes around it, with a little style of its own.
_POLICY = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
_HEADERS = {"Content-Security-Policy": _POLICY, "Accept-Ranges": "bytes"}
#: An address names a version of the file, so what was fetched may be kept; by this browser alone.
_KEPT = "private, max-age=86400"


@dataclass(frozen=True, slots=True)
class _File:
    descriptor: int
    size: int
    mark: str  # changes with its content
    mime: str | None  # None: not to be shown
    name: str


def routes(desk: Desk, *, table: Hands, disk: Hands, pictures: Hands, thumbs: Thumbs) -> Sequence[BaseRoute]:
    """Give the routes; table, disks and small pictures have threads of their own: none waits for another's."""

    async def found(request: Request, hands: Hands, work: Callable[[str], T]) -> T:
        """Do what is asked with the file, also where it is just being put away. Raises LookupError, OSError."""
        for pause in _AGAIN:
            with contextlib.suppress(FileNotFoundError):
                return await hands.run(work, await table.run(_path, desk, request))
            await asyncio.sleep(pause)
        return await hands.run(work, await table.run(_path, desk, request))

    async def whole(request: Request) -> Response:
        try:
            file = await found(request, disk, _opened)
        except (LookupError, OSError):
            return problem(404, "This file is not there any more.")
        return _answer(request, file, disk)

    async def small(request: Request) -> Response:
        try:
            picture = await found(request, pictures, thumbs.of)
        except (LookupError, OSError):
            return problem(404, "There is no small picture of this file.")
        return Response(picture, media_type="image/webp", headers={**_HEADERS, "Cache-Control": _KEPT})

    return [
        Route("/jobs/{id:int}/source", whole, methods=["GET"]),
        Route("/jobs/{id:int}/source/small", small, methods=["GET"]),
        Route("/jobs/{id:int}/outputs/{number:int}", whole, methods=["GET"]),
        Route("/jobs/{id:int}/outputs/{number:int}/small", small, methods=["GET"]),
    ]


def _path(desk: Desk, request: Request) -> str:
    """Give where the file of a job lies; raises LookupError."""
    job: Job | None = None
    if request.path_params["id"] < 2**63:
        job = desk.queries.find(request.path_params["id"])
    if job is None:
        raise LookupError
    number = request.path_params.get("number")
    path = job.lies_at if number is None else job.outputs[number]
    if path is None:
        raise LookupError
    return path


def _opened(path: str) -> _File:
    """Open a file; raises OSError."""
    descriptor, status = open_regular(path)
    try:
        found = media.inspect(descriptor, status.st_size)
    except BaseException:
        os.close(descriptor)
        raise
    mime = None if found is None else _SAFE.get(found.extension)
    mark = f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'
    return _File(descriptor, status.st_size, mark, mime, shown(os.path.basename(path)))


def _answer(request: Request, file: _File, hands: Hands) -> Response:
    headers = {**_HEADERS, "ETag": file.mark, "Cache-Control": _KEPT, "Content-Disposition": _disposition(file)}
    if request.headers.get("if-none-match") == file.mark:
        return _Part(file, (0, 0), hands, 304, headers)
    asked = request.headers.get("range") if request.headers.get("if-range", file.mark) == file.mark else None
    try:
        part = wanted_of(asked, file.size)
    except Unsatisfiable:
        return _Part(file, (0, 0), hands, 416, {**headers, "Content-Range": f"bytes */{file.size}"})
    start, end = part or (0, file.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    return _Part(file, (start, end), hands, 200 if part is None else 206, headers)


class _Part(Response):
    """An answer with a part of an open file, which it closes however it ends."""

    def __init__(self, file: _File, part: tuple[int, int], hands: Hands, status: int, headers: Mapping[str, str]):
        super().__init__(None, status, headers, file.mime or "application/octet-stream")
        self._file = file
        self._part = part
        self._hands = hands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it block by block, as fast as who asked takes it, and no further once they are gone."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            start, end = self._part if scope["method"] != "HEAD" else (0, 0)
            request = Request(scope, receive)
            while start < end and not await request.is_disconnected():
                length = min(_BLOCK, end - start)
                block = await self._hands.run(os.pread, self._file.descriptor, length, start)
                if not block:
                    break  # it became shorter; who reads it sees that by the length
                start += len(block)
                await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            os.close(self._file.descriptor)


def _disposition(file: _File) -> str:
    kind = "inline" if file.mime else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}"
