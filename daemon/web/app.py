"""Puts the page together: its parts, its routes, and the guard before them."""

import os
from dataclasses import dataclass

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.web import api, assets, deeds, entry, machines, media
from daemon.web.desk import Desk
from daemon.web.feed import Feed
from daemon.web.guard import Guard
from daemon.web.hands import Hands
from daemon.web.keys import Keys
from daemon.web.notices import Notices
from daemon.web.pages import Pages, problem
from daemon.web.thumbs import Thumbs

#: What everybody on this machine may ask for; all else needs a session or the token.
PUBLIC = (entry.PATH, machines.HEALTH, "/static/")


@dataclass(frozen=True, slots=True)
class House:
    """What lives as long as the page is served; `close` from any thread, `feed.close` from the loop's."""

    table: Hands  # threads that read the job table and act on it
    disk: Hands  # threads that read files, on disks that may not answer
    pictures: Hands  # the one that waits for small pictures
    thumbs: Thumbs
    feed: Feed

    def close(self) -> None:
        """Let threads and processes end."""
        for hands in (self.table, self.disk, self.pictures):
            hands.close()
        self.thumbs.close()


def house(desk: Desk, state_dir: str) -> House:
    """Give what the page needs to live; nothing of it runs before it is asked for something."""
    return House(
        Hands("page-table", 2, waiting=64),
        Hands("page-disk", 4, waiting=64),
        Hands("page-pictures", 1, waiting=256),
        Thumbs(os.path.join(state_dir, "thumbs")),
        Feed(desk.events),
    )


def application(desk: Desk, keys: Keys, house: House, *, names: frozenset[str], cookie: str) -> ASGIApp:
    """Give the ASGI application; `names` are the values of Host that are its own, `cookie` its cookie's name."""
    notices = Notices()
    router = Router(
        [
            *entry.routes(keys, cookie),
            *assets.routes(),
            *Pages(desk, keys, house.table, notices).routes(),
            *deeds.routes(desk, keys, house.table, notices),
            *media.routes(desk, table=house.table, disk=house.disk, pictures=house.pictures, thumbs=house.thumbs),
            *house.feed.routes(),
            *api.routes(desk, house.table),
            *machines.routes(desk, house.table),
        ],
        redirect_slashes=False,
        default=_nothing,
    )
    return Guard(router, keys, names=names, cookie=cookie, public=PUBLIC, say=problem)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await problem(404, "There is nothing here.")(scope, receive, send)
