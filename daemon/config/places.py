"""How inboxes, outboxes and the state directory may lie to each other: no loops, no file claimed twice.

Folders may be chained: the outbox of one may be the inbox of another, or lie in it, as long as nothing comes
round again.
"""

import itertools
import os
from collections.abc import Iterable, Mapping
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
    faults = [fault for each in places for fault in _own(each)]
    for one, other in itertools.combinations(places, 2):
        faults += _same_inbox(one, other)
    for one, other in itertools.permutations(places, 2):
        faults += _inbox_in_inbox(one, other)
        faults += _inbox_in_outbox(one, other)
    faults += [_round(circle) for circle in _circles(places)]
    for key, path in private.items():
        faults += _private(key, os.path.realpath(path), places)
    return faults


def _own(place: Place) -> list[Fault]:
    inbox, outbox = place.inbox, place.outbox
    if inbox is None or outbox is None:
        return []
    right = 'let both lie side by side, like "~/Atlas/inbox/cats" and "~/Atlas/outbox/cats"'
    if inbox == outbox:
        return [
            Fault(place.key("outbox"), "is the same folder as the inbox: results would be taken in again", right)
        ]
    if inside(outbox, inbox):
        return [Fault(place.key("outbox"), "lies inside the inbox: results would be taken in again", right)]
    if inside(inbox, outbox):
        return [Fault(place.key("inbox"), "lies inside the outbox", right)]
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


def _inbox_in_outbox(one: Place, other: Place) -> list[Fault]:
    if one.inbox is None or other.outbox is None or one.inbox == other.outbox:
        return []
    if not inside(one.inbox, other.outbox):
        return []
    right = f'move it out; to go on with the results of "{other.name}", let the inbox be that very outbox'
    return [Fault(one.key("inbox"), f'lies inside the outbox of "{other.name}"', right)]


def _feeds(one: Place, other: Place) -> bool:
    """Tell whether results of `one` are input of `other`."""
    if one.outbox is None or other.inbox is None:
        return False
    return one.outbox == other.inbox or (other.recursive and inside(one.outbox, other.inbox))


def _circles(places: list[Place]) -> Iterable[list[Place]]:
    """Find circles of at least two folders among those that feed each other, each once.

    A walk from each folder follows only folders that come after it in the list, so a circle is found at its
    first member; one circle per first member is enough to be told.
    """
    for index, start in enumerate(places):
        later = places[index + 1 :]
        ways = [[start]]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            if len(way) > 1 and _feeds(way[-1], start):
                yield way
                break
            following = [each for each in later if each.name not in seen and _feeds(way[-1], each)]
            seen.update(each.name for each in following)
            ways += [[*way, each] for each in following]


def _round(circle: list[Place]) -> Fault:
    names = " → ".join(each.name for each in [*circle, circle[0]])
    wrong = f"results come round again ({names}), and each round is paid"
    return Fault(circle[-1].key("outbox"), wrong, "let this outbox be no folder's inbox")


def _private(key: str, path: str, places: list[Place]) -> list[Fault]:
    faults = []
    for each in places:
        for field, directory in (("inbox", each.inbox), ("outbox", each.outbox)):
            if directory is not None and inside(path, directory):
                wrong = f'lies in the {field} of "{each.name}"'
                faults.append(Fault(key, wrong, 'move it elsewhere, like "~/.local/state/hotfolder"'))
    return faults
