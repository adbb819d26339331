"""Opens the page beside the daemon's work and closes it: a thread of its own, whose trouble is told and no more.

This module loads nothing that the page is made of. A daemon without the page never does; one with it does in the
page's thread, once the inboxes are watched.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.config import Web
from daemon.errors import Refused
from daemon.web import keys
from daemon.web.desk import Desk

if TYPE_CHECKING:
    from daemon.web.server import Server

log = logging.getLogger(__name__)

#: Seconds until another try where the port is taken.
_AGAIN = 30.0
#: Seconds that a command waits for a page that is just being opened, and a stop for one that is being closed.
_OPENS, _CLOSES = 5.0, 2.0


class Door:
    """The page of one daemon; `state_dir` keeps its token. No method raises but `ticket`; from any thread."""

    def __init__(self, desk: Desk, state_dir: str) -> None:
        self._desk = desk
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._opening: _Opening | None = None

    def open(self) -> None:
        """Begin to serve the page if the configuration wants it, and it is not served yet."""
        web = self._desk.settings().web
        with self._lock:
            if web.enabled and self._opening is None:
                self._desk.tally.listen(self._desk.events)
                self._opening = _Opening(self._desk, self._state_dir, web)

    def reload(self) -> None:
        """Serve the page as the configuration says now."""
        opening = self._opening
        if opening is not None and opening.web != self._desk.settings().web:
            self.close()
        self.open()

    def leave(self) -> None:
        """Begin to stop serving: a daemon that stops has other things to wait for meanwhile."""
        opening = self._opening
        if opening is not None:
            opening.leave()

    def close(self) -> None:
        """Stop serving, and wait a little for that."""
        with self._lock:
            opening, self._opening = self._opening, None
        if opening is not None:
            opening.close()

    def fields(self) -> dict[str, str | bool | None]:
        """Give what `status --json` tells of the page: whether it is wanted, its address, what is in the way."""
        opening = self._opening
        if opening is None:
            return {"enabled": False, "address": None, "trouble": None}
        return {"enabled": True, "address": opening.address, "trouble": opening.trouble}

    def ticket(self) -> str:
        """Give an address that opens the page once, within two minutes. Raises Refused where there is no page."""
        opening = self._opening
        if opening is None:
            raise Refused("the page is off; write enabled = true under [web] in the configuration, then reload")
        opening.settled.wait(_OPENS)
        give = opening.ticket
        if give is None:
            raise Refused(f"the page can't be had: {opening.trouble or 'it is being opened; ask again'}")
        return give()


class _Opening:
    """One run of the page, from when it is made to `close`; `settled` is set when it is known how it went."""

    def __init__(self, desk: Desk, state_dir: str, web: Web) -> None:
        self.web = web
        self.settled = threading.Event()
        self.address: str | None = None
        self.trouble: str | None = None
        self.ticket: Callable[[], str] | None = None
        self._desk = desk
        self._state_dir = state_dir
        self._closed = threading.Event()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Have it end."""
        self._closed.set()
        if self._server is not None:
            self._server.stop()

    def close(self) -> None:
        """End it, and wait a little for that."""
        self.leave()
        self._thread.join(_CLOSES)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._serve()
            except OSError as error:
                where = f"{self.web.host}:{self.web.port}"
                self._stumble(f"{where}: {(error.strerror or str(error)).lower()}; it is tried again")
            except Exception as error:
                log.exception("the page has failed; the work goes on without it")
                self._stumble(f"it has failed ({type(error).__name__}); the log says where")
            self._closed.wait(_AGAIN)

    def _stumble(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("the page can't be served: %s", trouble)
        self.trouble, self.address, self.ticket = trouble, None, None
        self.settled.set()

    def _serve(self) -> None:
        from daemon.web import entry
        from daemon.web.app import application, house
        from daemon.web.guard import cookie_name, names_of
        from daemon.web.server import Server, listen

        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(listen(self.web))
            port: int = listener.getsockname()[1]
            clock = self._desk.clock
            own = keys.Keys(keys.token_of(self._state_dir), clock.now, clock.wall)
            living = house(self._desk, self._state_dir)
            stack.callback(living.close)
            names = names_of(self.web.host, port, self.web.hosts)
            app = application(self._desk, own, living, names=names, cookie=cookie_name(port))
            self._server = Server(app, listener, ending=living.feed.close)
            address = f"http://{f'[{self.web.host}]' if ':' in self.web.host else self.web.host}:{port}"
            self.address, self.trouble = address, None
            self.ticket = lambda: entry.address(address, own.ticket())
            self.settled.set()
            log.info("the page is at %s; `hotfolder page` opens it", address)
            if not self._closed.is_set():
                self._server.serve()
