"""How inboxes, outboxes and the state directory may lie to each other: no loops, no file claimed twice.

No inbox may meet any outbox, not even another folder's: what comes round is paid for each time.
"""

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config.paths import inside
from daemon.config.words import dotted
from daemon.errors import Fault


@dataclass(frozen=True, slots=True)
class Place:
    """One folder's inbox and outbox with links resolved (None: not to be had), and whether subfolders count."""

    name: str
    inbox: str | None
    outbox: str | None
    recursive: bool = True

    def key(self, field: str) -> str:
        """Write the key of one of its paths, for a fault."""
        return dotted(("folders", self.name, field))


def place(name: str, inbox: str | None, outbox: str | None, *, recursive: bool) -> Place:
    """Make a Place of absolute paths, following symbolic links as far as the paths exist."""
    return Place(name, inbox and os.path.realpath(inbox), outbox and os.path.realpath(outbox), recursive)


def relations(places: list[Place], private: Mapping[str, str]) -> list[Fault]:
    """Find every fault between the folders; `private` are the program's own paths by key (`state_dir`)."""
    faults = [fault for one in places for other in places for fault in _across(one, other)]
    for one, other in itertools.combinations(places, 2):
        faults += _same_inbox(one, other)
    for one, other in itertools.permutations(places, 2):
        faults += _inbox_in_inbox(one, other)
    for key, path in private.items():
        faults += _private(key, os.path.realpath(path), places)
    return faults


def _across(one: Place, other: Place) -> list[Fault]:
    """Tell if the inbox of `one` and the outbox of `other` (which may be the same folder's) meet."""
    if one.inbox is None or other.outbox is None:
        return []
    whose = "the" if one is other else f'"{other.name}"\'s'
    whose_inbox = "the" if one is other else f'"{one.name}"\'s'
    right = 'let all of them lie side by side, like "~/Atlas/inbox/cats" and "~/Atlas/outbox/cats"'
    again = "inbox: results would be taken in again"
    if one.inbox == other.outbox:
        return [Fault(other.key("outbox"), f"is the same folder as {whose_inbox} {again}", right)]
    if inside(other.outbox, one.inbox):
        return [Fault(other.key("outbox"), f"lies inside {whose_inbox} {again}", right)]
    if inside(one.inbox, other.outbox):
        return [Fault(one.key("inbox"), f"lies inside {whose} outbox", right)]
    return []


def _same_inbox(one: Place, other: Place) -> list[Fault]:
    if one.inbox is None or one.inbox != other.inbox:
        return []
    return [Fault(other.key("inbox"), f'is the inbox of "{one.name}" too', "give each folder an inbox of its own")]


def _inbox_in_inbox(one: Place, other: Place) -> list[Fault]:
    """Tell if the inbox of `one` lies where `other` takes its files or puts them away."""
    if one.inbox is None or other.inbox is None or one.inbox == other.inbox:
        return []
    if not inside(one.inbox, other.inbox):
        return []
    top = os.path.relpath(one.inbox, other.inbox).split("/")[0]
    if other.recursive:
        right = f"move it out, or write recursive = false under [{dotted(('folders', other.name))}]"
        return [
            Fault(one.key("inbox"), f'lies inside the inbox of "{other.name}": both would take its files', right)
        ]
    if top in {"done", "failed"}:
        wrong = f'lies in {top}/ of "{other.name}", where that folder puts its sources away'
        return [Fault(one.key("inbox"), wrong, "move it elsewhere")]
    return []


def _private(key: str, path: str, places: list[Place]) -> list[Fault]:
    faults = []
    for each in places:
        for field, directory in (("inbox", each.inbox), ("outbox", each.outbox)):
            if directory is not None and inside(path, directory):
                wrong = f'lies in the {field} of "{each.name}"'
                faults.append(Fault(key, wrong, 'move it elsewhere, like "~/.local/state/hotfolder"'))
    return faults
