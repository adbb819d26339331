"""What every request has to pass before any of the page's own code sees it, and what every answer carries.

Against other users of the machine: a session or the token. Against other sites in the same browser: the Host that
was asked for (DNS rebinding), the Origin and Sec-Fetch-Site that a browser sends along, and a policy that lets a
page load and send nothing but what is the daemon's own.
"""

import logging
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.web.hands import Busy
from daemon.web.keys import Keys

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": forms would then say "Origin: null", which is refused.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_SAFE = frozenset({"GET", "HEAD"})
_USUAL_PORT = 80  # of http
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def names_of(host: str, port: int, hosts: Iterable[str]) -> frozenset[str]:
    """Give the values of a request's Host that are ours: loopback ones with our port, and those configured."""
    own = f"[{host}]" if ":" in host else host
    suffix = "" if port == _USUAL_PORT else f":{port}"  # which browsers leave out
    return frozenset({f"{name}{suffix}" for name in (*_LOOPBACK, own)} | set(hosts))


def cookie_name(port: int) -> str:
    """Give the cookie's name; browsers share cookies between all ports of a host."""
    return f"hotfolder-{port}"


class Guard:
    """Lets through to `app` what may pass; `public` are paths, or beginnings that end in a slash, for everybody.

    `say` makes a page of a status and why. A request that passes by a cookie has its value as `session` in its
    scope; one that passes by a cookie or the token is `known` there.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        *,
        names: frozenset[str],
        cookie: str,
        public: Iterable[str],
        say: Callable[[int, str], Response],
    ) -> None:
        self._app = app
        self._keys = keys
        self._names = names
        self._cookie = cookie
        self._public = frozenset(public)
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request (asgi.readthedocs.io)."""
        if scope["type"] != "http":
            return
        began = False

        async def reply(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers) or self._stranger(scope, headers)
        try:
            await (refusal or self._app)(scope, receive, reply)
        except Busy:
            if not began:
                await self._say(503, "The page has too much to do just now. Try again in a moment.")(
                    scope, receive, reply
                )
        except Exception:
            log.exception("the page failed at %s %.200r", scope["method"], scope["path"])
            if not began:
                said = self._say(500, "The page has failed. The daemon's log says where; its work goes on.")
                await said(scope, receive, reply)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse what another site may have caused."""
        host = headers.get("host", "").lower()
        if host not in self._names:
            return self._say(
                421, "This address is not one of the page's own. `hotfolder page` gives the right one."
            )
        navigates = headers.get("sec-fetch-mode") == "navigate" and scope["method"] in _SAFE
        if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"} and not navigates:
            return self._say(403, "Another site asked for this.")
        origin = headers.get("origin")
        if origin is not None and not _is_of(origin, host):
            return self._say(403, "Another site asked for this.")
        return None

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse who shows neither a session nor the token, but for what is public."""
        scope["session"], scope["known"] = None, True
        session = self._session(headers)
        if session is not None and self._keys.is_session(session):
            scope["session"] = session
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._keys.is_token(token.strip()):
            return None
        scope["known"] = False
        path: str = scope["path"]
        if path in self._public or any(each.endswith("/") and path.startswith(each) for each in self._public):
            return None
        return self._say(
            401, "This page is for whoever runs the daemon: `hotfolder page` gives an address that opens it."
        )

    def _session(self, headers: Headers) -> str | None:
        return cookie_parser("; ".join(headers.getlist("cookie"))).get(self._cookie)


def _is_of(origin: str, host: str) -> bool:
    """Tell whether an Origin ("null" is one too) is that of the Host; the scheme is a proxy's affair."""
    return origin.lower() in {f"http://{host}", f"https://{host}"}
