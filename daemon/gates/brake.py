"""The brake for big piles: more files within a minute than a rule lets go by itself wait for a person.

What comes is counted before it becomes jobs. With the file that is one too many the folder's gate closes, so of a
pile no more was sent than came before it; what is found together, up to 200 files, is counted together. A note
keeps the gate closed over restarts until `approve`; then counting begins anew.
"""

import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DBAPIError

from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Conflict
from daemon.gates.gate import Gates
from daemon.gates.stops import APPROVED, PILE, approval
from daemon.money.amounts import at_least, dollars
from daemon.money.budget import Budget
from daemon.states import Job, NewJob, State
from daemon.table.store import Store

log = logging.getLogger(__name__)

#: Seconds within which files belong to one pile.
MINUTE = 60.0
_WAITING = (State.QUEUED, State.UPLOADING, State.UPLOADED)


class Brake:
    """Counts what comes into each inbox; `admit` is called by the inbox's thread alone, the rest by any."""

    def __init__(
        self, store: Store, gates: Gates, budget: Budget, clock: Clock, settings: Callable[[], Settings]
    ) -> None:
        self._store = store
        self._gates = gates
        self._budget = budget
        self._clock = clock
        self._settings = settings
        self._came: dict[str, deque[float]] = {}

    def take_up(self) -> None:
        """Close the gates of piles that nobody approved yet, and count what came in the minute before."""
        for key in self._store.notes(PILE):
            folder = key.removeprefix(PILE)
            self._gates.close("pile", self._reason(folder), now=self._clock.now(), scope=folder)
        ago = self._clock.now() - self._clock.wall()
        approved = self._store.notes(APPROVED)
        for folder, created_at in self._store.came_since(self._clock.wall() - MINUTE):
            if not self._gates.is_closed("pile", folder) and created_at > approved.get(APPROVED + folder, 0.0):
                self._came.setdefault(folder, deque()).append(created_at + ago)

    def admit(self, new: Sequence[NewJob]) -> list[Job]:
        """Record files as jobs, as `Store.add`; those of a pile wait behind the gate, the first of them held."""
        counted = Counter(job.folder for job in new if job.fault_code is None)
        before = {folder: self._came.get(folder, deque()).copy() for folder in counted}
        try:
            stopped = [folder for folder, number in counted.items() if self._count(folder, number)]
            added = self._store.add(new)
        except BaseException:  # it comes again
            self._came.update(before)
            raise
        for folder in stopped:
            self._hold([job for job in added if job.folder == folder and job.state is State.QUEUED])
            if not self._gates.is_closed("pile", folder):  # it was let go just before
                self._store.release_held("pile", folder)
        self.tell()
        return added

    def tell(self) -> None:
        """Let the reasons of the gates say how many files wait by now."""
        for gate in self._gates.closed():
            if gate.code == "pile":
                with contextlib.suppress(DBAPIError):
                    self._gates.say_anew("pile", gate.scope, self._reason(gate.scope))

    def _count(self, folder: str, number: int) -> bool:
        """Count files that come; True if with them the pile is too big, and the gate has been closed."""
        limits, now = self._limits(folder), self._clock.now()
        if limits == (None, None) or self._gates.is_closed("pile", folder):
            return False
        came = self._came.setdefault(folder, deque())
        while came and came[0] <= now - MINUTE:
            came.popleft()
        came.extend([now] * number)
        if not self._too_many(folder, len(came), limits):
            return False
        reason = self._reason(folder, coming=number)
        self._store.note(
            PILE + folder, self._clock.wall()
        )  # first: a gate without it would be open after a restart
        self._gates.close("pile", reason, now=now, scope=folder)
        came.clear()
        log.warning("%s. Nothing of that folder is sent until then.", reason)
        return True

    def _limits(self, folder: str) -> tuple[int | None, float | None]:
        settings = self._settings()
        rule, common = settings.folders.get(folder), settings.limits
        if rule is None:
            return None, None
        return rule.confirm_above or common.confirm_above, rule.confirm_above_usd or common.confirm_above_usd

    def _too_many(self, folder: str, number: int, limits: tuple[int | None, float | None]) -> bool:
        files, usd = limits
        cost = self._cost(self._settings().folders.get(folder), number)
        return (files is not None and number > files) or (usd is not None and cost is not None and cost > usd)

    def _cost(self, rule: FolderRule | None, number: int) -> float | None:
        """Give the least that so many files of a rule cost in USD, or None; sidecars may ask for more."""
        each = None if rule is None else self._budget.estimate(rule.model, rule.params)
        return None if each is None else each * number

    def _reason(self, folder: str, *, coming: int = 0) -> str:
        counts = self._store.counts
        held = self._store.number_held("pile", folder)
        number = sum(counts[folder, state] for state in _WAITING) + held + coming
        cost = self._cost(self._settings().folders.get(folder), number)
        price = "at a price that is not known" if cost is None else at_least(cost)
        wait = "file waits" if number == 1 else "files wait"
        return f"{number} {wait} in the folder {folder}, {price}: {self._why(folder)}; {approval(folder)}"

    def _why(self, folder: str) -> str:
        files, usd = self._limits(folder)
        most = [*([] if files is None else [str(files)]), *([] if usd is None else [f"what costs {dollars(usd)}"])]
        return f"more than {' or '.join(most) or 'a person wants'} within a minute"

    def _hold(self, pile: Sequence[Job]) -> None:
        """Hold the first job of a pile, for people to see; the others wait where they are."""
        for job in pile[:1]:
            message = f"It came with others, {self._why(job.folder)}: {approval(job.folder)}."
            changes = {"resume": State.QUEUED, "error_code": "pile", "error_message": message}
            with contextlib.suppress(Conflict):
                self._store.advance(job, State.HELD, message, **changes)
