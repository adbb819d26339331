"""Walks over inboxes in small parts, turn by turn, so that a large one delays neither events nor the others."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.inbox.scanner import Found

#: Directories of one folder that wait to be walked; more are walked as the whole folder.
_MOST = 64


@dataclass(slots=True)
class _Walk:
    start: str
    whole: bool
    entries: Iterator[Found | None] | None = None  # None: not begun


@dataclass(frozen=True, slots=True)
class Part:
    """A few files of one walk; `begins` and `ends` tell of a walk over the whole folder."""

    folder: str
    found: list[Found]
    begins: bool
    ends: bool


class Rounds:
    """The walks that are wanted, by folder. `walk` is told (folder, directory) and gives its files."""

    def __init__(self, walk: Callable[[str, str], Iterator[Found | None]]) -> None:
        self._walk = walk
        self._wanted: dict[str, deque[_Walk]] = {}
        self._turns: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def want(self, folder: str, root: str, directory: str | None = None) -> None:
        """Ask for a walk over `directory`, or over the whole folder from its `root`.

        One that has not begun counts for all that lies in it. One under way does not: it may have passed by.
        """
        walks = self._wanted.setdefault(folder, deque())
        if directory is None or len(walks) >= _MOST:
            while walks and walks[-1].entries is None:
                walks.pop()  # the whole covers them
            walks.append(_Walk(root, whole=True))
        elif not any(_covers(walk, directory) for walk in walks):
            walks.append(_Walk(directory, whole=False))
        if folder not in self._turns:
            self._turns.append(folder)

    def drop(self, folder: str) -> None:
        """Forget the walks of a folder."""
        if self._wanted.pop(folder, None) is not None:
            self._turns.remove(folder)

    def part(self, most: int) -> Part | None:
        """Give the next part, of up to `most` entries of one folder; None if no walk is wanted."""
        if not self._turns:
            return None
        folder = self._turns[0]
        self._turns.rotate(-1)
        walks = self._wanted[folder]
        walk = walks[0]
        begins = walk.whole and walk.entries is None
        if walk.entries is None:
            walk.entries = self._walk(folder, walk.start)
        entries = list(itertools.islice(walk.entries, most))
        ended = len(entries) < most
        if ended:
            walks.popleft()
            if not walks:
                self.drop(folder)
        found = [entry for entry in entries if entry is not None]
        return Part(folder, found, begins, ended and walk.whole)


def _covers(walk: _Walk, directory: str) -> bool:
    return walk.entries is None and (walk.start == directory or directory.startswith(walk.start + "/"))
