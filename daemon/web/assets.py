"""The page's own style, script and sign: read once, kept in memory, the same for everybody."""

import hashlib
import os
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def routes() -> Sequence[BaseRoute]:
    """Give a route for each file."""
    return [_route(name) for name in sorted(os.listdir(_DIRECTORY)) if os.path.splitext(name)[1] in _TYPES]


def _route(name: str) -> BaseRoute:
    with open(os.path.join(_DIRECTORY, name), "rb") as file:
        content = file.read()
    mark = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    kind = _TYPES[os.path.splitext(name)[1]]

    async def give(request: Request) -> Response:
        # Asked for each time, as the next version of the daemon may bring another; mostly the answer is 304.
        headers = {"Cache-Control": "no-cache", "ETag": mark}
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    return Route(f"/static/{name}", give, methods=["GET"])
