"""Which rows a stage may take up now: gates, limits, rate limits and fairness between folders."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Collection

from sqlalchemy.exc import DBAPIError

from daemon.atlas.pacing import Pacing
from daemon.atlas.rate import Rate
from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Conflict
from daemon.gates.gate import Gates, Need
from daemon.retry import LONGEST_ASKED_PAUSE
from daemon.states import FINAL, Job, State
from daemon.table.store import Store
from daemon.work.in_flight import InFlight

#: Keys of `pacing`: all uploads and all polls go by one window each, submits by one for each model, downloads by
#: one for each host.
UPLOADS, POLLS = ("upload", ""), ("poll", "")
#: So many of the predictions that were not ready at once are asked for in a second at most, however many are in
#: flight; what is due then waits. And seconds until it is looked for again.
POLLS_A_SECOND, _POLLS_AGAIN = 250.0, 0.05


def submits(model: str) -> tuple[str, str]:
    """Give the key of `pacing` for submits to a model."""
    return ("submit", model)


def downloads(job: Job) -> tuple[str, str]:
    """Give the key of `pacing` for fetching the outputs of a job: what stands before its URL's path."""
    return ("download", "/".join(job.result_urls[0].split("/", 3)[:3]) if job.result_urls else "")


def calls_ended(pacing: Pacing) -> Counter[tuple[str, str]]:
    """Give how many calls ended how, by call and outcome; models and hosts together."""
    ended: Counter[tuple[str, str]] = Counter()
    for (key, outcome), count in pacing.ended().items():
        if isinstance(key, tuple):  # the keys above
            ended[str(key[0]), outcome.value] += count
    return ended


class Claims:
    """Takes due rows from the table for the daemon instance `by`. Thread-safe.

    `later` is told when to look again for rows that are due and had to wait.
    """

    def __init__(
        self,
        store: Store,
        gates: Gates,
        pacing: Pacing,
        clock: Clock,
        settings: Settings,
        *,
        by: str,
        later: Callable[[float], None],
    ) -> None:
        self._store = store
        self._gates = gates
        self._pacing = pacing
        self._clock = clock
        self._by = by
        self._later = later
        self._lock = threading.Lock()
        self._polls = Rate(POLLS_A_SECOND)
        self._turns: Counter[State] = Counter()
        self._uploads: Counter[str] = Counter()
        self.settings = settings
        #: If set, the only job that is taken up, whatever else is due.
        self.only: int | None = None
        self._may_be_orphans = True
        self.in_flight = InFlight(lambda: store.counts, lambda: self.settings.limits.in_flight)

    def take_over(self) -> None:
        """Free what the last daemon held; only for who holds the state directory's lock."""
        waits = [rule.sidecar_wait for rule in self.settings.folders.values()]
        self._store.end_leases(max([LONGEST_ASKED_PAUSE, *waits]))

    def _folders(self, state: State) -> list[str]:
        """Give the configured folders, each time beginning with another, so that none waits behind the others.

        Rows in `state` are wanted. Each has turns of its own: if stages that ask by turns shared them, some folder
        might never be the first for one of them.
        """
        names = list(self.settings.folders)
        with self._lock:
            self._turns[state] += 1
            at = self._turns[state] % len(names) if names else 0
        return names[at:] + names[:at]

    def _newest_first(self, folders: Collection[str]) -> bool:
        """Tell whether new files go before old ones where the first of `folders` has any: by turns in each folder.

        So neither the newest nor the oldest starve, however many folders have their turns.
        """
        first = next((folder for folder in folders if self._store.counts[folder, State.QUEUED]), "")
        with self._lock:
            self._uploads[first] += 1
            return self._uploads[first] % 2 == 1

    def _all_folders(self, state: State) -> list[str]:
        """Give also the folders that are no longer configured: what was paid for is fetched all the same."""
        known = dict.fromkeys(folder for folder, _ in list(self._store.counts))
        return [*self._folders(state), *(folder for folder in known if folder not in self.settings.folders)]

    def _room(self, key: tuple[str, str], wanted: int = 1) -> int:
        """Give how many more calls may start now; what finds no room stays in the table and in nobody's way."""
        return self._pacing.room(key, self._clock.now(), wanted)

    def for_upload(self, most: int) -> list[Job]:
        """Take rows to upload."""
        if self.only is not None:
            return self._only_one({State.QUEUED, State.UPLOADING}, Need.SPEND, become=State.UPLOADING)
        most = self._room(UPLOADS, most)
        folders = self._gates.lets(Need.SPEND, self._folders(State.QUEUED))
        return self._store.claim(
            (State.QUEUED, State.UPLOADING),
            folders,
            by=self._by,
            most=most,
            newest=self._newest_first(folders),
            become=State.UPLOADING,
        )

    def for_submit(self, most: int) -> list[Job]:
        """Take rows to submit; a place among those in flight is kept for each that is not yet an intent."""
        if self.only is not None:
            found = self._only_one({State.UPLOADED}, Need.SPEND) or self._only_one({State.SUBMITTING})
            return [job for job in found if job.state is State.SUBMITTING or self._keep_place(job)]
        found = self._orphans(most)
        for folder in self._gates.lets(Need.SPEND, self._folders(State.UPLOADED)):
            try:
                found += self._for_submit_in(self.settings.folders[folder], most - len(found))
            except DBAPIError:
                if not found:
                    raise
                break  # what is claimed already must be worked on
        return found

    def _orphans(self, most: int) -> list[Job]:
        """Take intents without a claimant: whoever sent them is dead, and no gate needs to be asked to say so.

        Only a start finds any, all of them due (`take_over`), so the table is asked until it has none.
        """
        if not self._may_be_orphans:
            return []
        found = self._store.claim((State.SUBMITTING,), self._all_folders(State.SUBMITTING), by=self._by, most=most)
        self._may_be_orphans = len(found) == most
        return found

    def _for_submit_in(self, rule: FolderRule, most: int) -> list[Job]:
        if not self._store.counts[rule.name, State.UPLOADED]:
            return []
        most = self._room(submits(rule.model), most)
        kept = 0
        while kept < most and self.in_flight.take(rule):
            kept += 1
        claimed: list[Job] = []
        try:
            claimed = self._store.claim((State.UPLOADED,), [rule.name], by=self._by, most=kept)
        finally:
            for _ in range(kept - len(claimed)):
                self.in_flight.give_back(rule.name)
        return claimed

    def for_poll(self, most: int) -> list[Job]:
        """Take rows whose prediction is to be asked for, and no more than may be asked for in a second."""
        most = self._room(POLLS, most)
        now = self._clock.now()
        may = self._polls.take(most, now)
        found: list[Job] = []
        try:
            found = self._for_fetch(State.PROCESSING, may)
        finally:
            self._polls.give_back(may - len(found))
        if len(found) == may < most:  # others may be due
            self._later(now + _POLLS_AGAIN)
        return found

    def for_download(self, most: int) -> list[Job]:
        """Take rows whose outputs are to be fetched."""
        return self._for_fetch(State.DOWNLOADING, most)

    def _for_fetch(self, state: State, most: int) -> list[Job]:
        if self.only is not None:
            return self._only_one({state}, Need.FETCH)
        folders = self._gates.lets(Need.FETCH, self._all_folders(state))
        return self._store.claim((state,), folders, by=self._by, most=most)

    def for_put_away(self, most: int) -> list[Job]:
        """Take rows that have ended and whose source is still to be dealt with."""
        if self.only is not None:
            return self._only_one(FINAL)
        found = []
        for job in self._store.to_put_away(most):
            try:
                found.append(self._store.claim_one(job, by=self._by))
            except Conflict:
                continue
            except DBAPIError:
                if not found:
                    raise
                break
        return found

    def _only_one(
        self, states: Collection[State], need: Need | None = None, *, become: State | None = None
    ) -> list[Job]:
        """Take the one job that is to be worked on, if it is in one of `states`, due, and in nobody's hand.

        Where a gate stops what it needs, its row says so, for the person who waits for it.
        """
        job = self._store.find(self.only or 0)
        if job is None or job.state not in states or job.put_away or job.due_at > self._clock.now():
            return []
        why = None if need is None else self._gates.why_closed(need, job.folder)
        with contextlib.suppress(Conflict):
            if why is not None:
                if job.claimed_by is None and job.waits_for != why:
                    self._store.amend(job, waits_for=why)
                return []
            if become is not None and become is not job.state:
                return [self._store.advance(job, become, "taken up", claimed_by=self._by)]
            return [self._store.claim_one(job, by=self._by)]
        return []

    def _keep_place(self, job: Job) -> bool:
        rule = self.settings.folders.get(job.folder)
        if rule is None or not self.in_flight.take(rule):
            self._store.amend(job, due_at=self._clock.now() + 1.0)
            return False
        return True

    def may_go_on(self, job: Job) -> bool:
        """Tell whether a job that just became `job.state` may be worked on now without asking the table.

        For a job to be submitted, True means that a place among those in flight is kept for it.
        """
        rule = self.settings.folders.get(job.folder)
        if job.state is State.UPLOADED:
            return (
                rule is not None
                and rule.sidecar_wait == 0
                and bool(self._gates.lets(Need.SPEND, [job.folder]))
                and self._room(submits(rule.model)) > 0
                and self.in_flight.take(rule)
            )
        if job.state in {State.PROCESSING, State.DOWNLOADING}:
            key = POLLS if job.state is State.PROCESSING else downloads(job)
            return bool(self._gates.lets(Need.FETCH, [job.folder])) and self._room(key) > 0
        return job.final
