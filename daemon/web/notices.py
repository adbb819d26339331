"""What came of an action, kept for the next page that the same browser loads."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

_SESSIONS = 64
_LINES = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """What was said to an action; `refused`: it was not done, or not all of it."""

    lines: tuple[str, ...]
    refused: bool


class Notices:
    """The latest notice of each session. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Notice] = OrderedDict()

    def leave(self, session: str, notice: Notice) -> None:
        """Keep a notice until it is taken, or many others came after it."""
        with self._lock:
            self._kept[session] = notice
            self._kept.move_to_end(session)
            while len(self._kept) > _SESSIONS:
                self._kept.popitem(last=False)

    def take(self, session: str | None) -> Notice | None:
        """Give this session's notice, once."""
        with self._lock:
            return None if session is None else self._kept.pop(session, None)


def notice(text: str, *, refused: bool) -> Notice:
    """Make a notice of what actions say, line by line."""
    lines = text.splitlines()
    more = len(lines) - _LINES
    return Notice((*lines[:_LINES], *([f"… and {more} more"] if more > 0 else [])), refused)
