"""The way in: an address that opens the page once becomes a cookie, and does not stay in the address bar."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from daemon.web.keys import SESSION_SECONDS, Keys
from daemon.web.pages import problem

PATH = "/enter"


def address(origin: str, ticket: str) -> str:
    """Give the address that opens the page at `origin` with a ticket."""
    return f"{origin}{PATH}?ticket={ticket}"


def routes(keys: Keys, cookie: str) -> Sequence[BaseRoute]:
    """Give the route; `cookie` is the name of the session's cookie."""

    async def enter(request: Request) -> Response:
        if request.method != "GET":  # who only looks whether a link is good must not use it up
            return Response(status_code=405, headers={"Allow": "GET"})
        if not keys.redeem(request.query_params.get("ticket", "")):
            return problem(401, "This address was used already, or is too old. `hotfolder page` gives a new one.")
        answer = RedirectResponse("/", 303, headers={"Referrer-Policy": "no-referrer"})
        # A proxy that speaks TLS says so; on loopback there is none, and a Secure cookie would not come back.
        secure = request.headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(
            cookie, keys.session(), SESSION_SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
        )
        return answer

    return [Route(PATH, enter, methods=["GET"])]
