"""Sends each message to each address, and says in the log, once, where it does not get through."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from daemon.notify.addresses import Address
from daemon.notify.post import Letter, Post
from daemon.notify.words import Message

log = logging.getLogger(__name__)


class Mailing:
    """All addresses, each with what waits for it. For one thread; `chance` gives uniform numbers in [0, 1)."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._urls: list[str] = []
        self._posts: dict[str, Post] = {}
        self._addresses: dict[str, Address] = {}

    def reopen(self, urls: Sequence[str], left: Sequence[Sequence[Letter]] = ()) -> None:
        """Send to `urls` from now on; `left` is what an earlier process did not get sent, by their position."""
        self._urls = list(dict.fromkeys(urls))
        posts, self._addresses = {}, {}
        for number, url in enumerate(self._urls, 1):
            unsent = left[number - 1] if number <= len(left) else ()
            posts[url] = self._posts.get(url) or Post(unsent)
            try:
                self._addresses[url] = Address(url, number)
            except ValueError as error:
                log.error("notify.urls: %s; nothing is sent there", error)  # noqa: TRY400 - the file's fault
            except Exception as error:  # noqa: BLE001 - whatever it says may hold the address
                kind = type(error).__name__
                log.error("notify.urls: number %d can't be used (%s); nothing is sent there", number, kind)  # noqa: TRY400
        self._posts = posts

    def put(self, message: Message, now: float) -> None:
        """Have a message sent to every address."""
        for url in self._addresses:
            self._posts[url].put(message, now)

    def send(self, now: Callable[[], float], stopping: threading.Event) -> bool:
        """Try what is due, until `stopping`; tell whether anything was."""
        tried = False
        for url, address in self._addresses.items():
            post = self._posts[url]
            while not stopping.is_set() and (letter := post.due(now())) is not None:
                tried = True
                if not address.send(letter.message):
                    if post.failed(now(), self._chance()):
                        log.warning(
                            "notify.urls: a message could not be sent to %s; it is tried again", address.name
                        )
                    break
                if post.sent(letter):
                    log.info("notify.urls: messages arrive at %s again", address.name)
        return tried

    def next(self) -> float | None:
        """Give the time of the next try, or None."""
        times = [at for url in self._addresses if (at := self._posts[url].next()) is not None]
        return min(times, default=None)

    def dump(self) -> list[list[dict[str, Any]]]:
        """Give what is unsent, by the addresses' position, as JSON takes it: no address is in it."""
        return [[asdict(letter) for letter in self._posts[url].waiting] for url in self._urls]


def letters(dumped: Sequence[Sequence[dict[str, Any]]]) -> list[list[Letter]]:
    """Make letters again of what `Mailing.dump` gave. Raises TypeError or KeyError for anything else."""
    return [[Letter(Message(**each["message"]), float(each["at"])) for each in unsent] for unsent in dumped]
