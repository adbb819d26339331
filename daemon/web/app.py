"""Puts the page together: its routes, and the guard before them."""

from dataclasses import dataclass

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.web import api, entry
from daemon.web.desk import Desk
from daemon.web.guard import Guard
from daemon.web.hands import Hands
from daemon.web.keys import Keys

#: What everybody on this machine may ask for; all else needs a session or the token.
PUBLIC = (entry.PATH, "/static/")


@dataclass(frozen=True, slots=True)
class Pools:
    """The page's threads: for the table, and for disks that may not answer."""

    table: Hands
    disk: Hands

    def close(self) -> None:
        """Let them end."""
        self.table.close()
        self.disk.close()


def pools() -> Pools:
    """Give the page's threads, not yet started."""
    return Pools(Hands("page-table", 2, waiting=64), Hands("page-disk", 4, waiting=64))


def application(desk: Desk, keys: Keys, pools: Pools, *, names: frozenset[str], cookie: str) -> ASGIApp:
    """Give the ASGI application; `names` are the values of Host that are its own, `cookie` its cookie's name."""
    router = Router(
        [
            *entry.routes(keys, cookie),
            *api.routes(desk, pools.table),
        ],
        redirect_slashes=False,
        default=_nothing,
    )
    return Guard(router, keys, names=names, cookie=cookie, public=PUBLIC)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    answer: Response = PlainTextResponse("There is nothing here.\n", 404)
    await answer(scope, receive, send)
