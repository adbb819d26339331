"""Works the table off: a pool of threads for each stage claims due rows, runs the stage, records the outcome.

A job that a step leaves due keeps its claim and goes on, in the same thread after a quick step, else in the next
pool if that has room. If not, it waits in the table like all others.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from daemon import signs
from daemon.aftermath import internal
from daemon.claims import Claims
from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Conflict, HotfolderError
from daemon.pool import Pool
from daemon.putaway import put_away
from daemon.retry import pause
from daemon.stages.outcome import Outcome
from daemon.states import CONDITIONS, FINAL, IN_FLIGHT, Job, State
from daemon.steps import Hand, Steps
from daemon.store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

UPLOAD, SUBMIT, POLL, DOWNLOAD, PUT_AWAY = "upload", "submit", "poll", "download", "put-away"
_POOL_OF = {
    State.QUEUED: UPLOAD,
    State.UPLOADED: SUBMIT,
    State.PROCESSING: POLL,
    State.DOWNLOADING: DOWNLOAD,
    **dict.fromkeys(FINAL, PUT_AWAY),
}
#: Threads for each stage but the uploads, whose number is configured.
_THREADS = 4
_DATABASE_PAUSE = 2.0
#: A step that took less, in seconds, is followed by the next one in the same thread.
_QUICK = 0.05


class Worker:
    """Threads that move jobs on until they are final, held, or not due.

    `later` is told the time of each row that becomes due later, `changed` the folder in which a source was found
    replaced or gone, `chance` gives uniform numbers in [0, 1).
    """

    def __init__(
        self,
        store: Store,
        claims: Claims,
        steps: Steps,
        clock: Clock,
        settings: Settings,
        *,
        by: str,
        chance: Callable[[], float],
        later: Callable[[float], None],
        changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._claims = claims
        self._steps = steps
        self._clock = clock
        self._by = by
        self._chance = chance
        self._later = later
        self._changed = changed
        uploads = settings.limits.uploads
        self._pools = {
            UPLOAD: Pool(UPLOAD, uploads, claims.for_upload, self._carry),
            SUBMIT: Pool(SUBMIT, _THREADS, claims.for_submit, self._carry),
            POLL: Pool(POLL, _THREADS, claims.for_poll, self._carry),
            DOWNLOAD: Pool(DOWNLOAD, _THREADS, claims.for_download, self._carry),
            PUT_AWAY: Pool(PUT_AWAY, _THREADS // 2, claims.for_put_away, self._carry),
        }

    def start(self) -> None:
        """Start all threads."""
        for pool in self._pools.values():
            pool.start()

    def stop(self, interrupt: Callable[[], None], timeout: float) -> bool:
        """Take up nothing more and wait for what is in hand; tell whether all threads ended in `timeout` seconds.

        `interrupt` cuts off calls that can be repeated. Submits under way are left to end: cut off, their outcome
        would be unknown.
        """
        self._steps.stopping.set()
        for pool in self._pools.values():
            pool.stop()
        interrupt()
        until = time.monotonic() + timeout
        ended = [pool.join(max(0.0, until - time.monotonic())) for pool in self._pools.values()]
        return all(ended)

    def reload(self, settings: Settings) -> None:
        """Take new rules; jobs that are not yet submitted go by them."""
        self._claims.settings = settings
        self._steps.settings = settings
        self.wake()

    def wake(self) -> None:
        """Look for due rows now, in every stage."""
        for pool in self._pools.values():
            pool.wake()

    def quiet(self) -> bool:
        """Tell whether no job is in hand and nothing is known that could be taken up."""
        return all(pool.quiet() for pool in self._pools.values())

    def silences(self, now: float) -> dict[str, float]:
        """Give, by stage, for how many seconds nothing has got on though there is work; `now`: time.monotonic()."""
        return {name: pool.silence(now) for name, pool in self._pools.items()}

    def _carry(self, claimed: Job) -> None:
        """Run a claimed job's stage, and those after it as long as that is this thread's; nothing is raised."""
        job: Job | None = claimed
        while job is not None:
            signs.beat()
            try:
                if job.final:
                    self._put_away(job)
                    return
                job = self._stage(job)
            except Conflict as conflict:
                log.info("%s", conflict)
                return
            except Exception:
                log.exception("job %d: what came of its step could not be recorded", claimed.id)
                self._hold(claimed.id)
                return

    def _hold(self, job_id: int) -> None:
        """Hold a job whose step could not be recorded, so that it does not stay claimed for ever."""
        try:
            job = self._store.find(job_id)
            if job is not None and not job.final and job.claimed_by == self._by:
                outcome = internal(job)
                self._store.advance(job, outcome.to, outcome.reason, **outcome.changes)
        except Exception:
            log.exception("job %d could not even be held; a restart takes it up again", job_id)

    def _stage(self, job: Job) -> Job | None:
        """Run one stage and record what came of it; give the job if this thread goes on with it."""
        began = time.monotonic()
        hand = Hand(job, keeps_place=job.state is State.UPLOADED)
        try:
            outcome = self._steps.run(self._step_for(job.state), hand)
        finally:
            signs.beat()
            self._give_place_back(hand)
        return self._record(hand.job, outcome, quick=time.monotonic() - began < _QUICK)

    def _step_for(self, state: State) -> Callable[[Hand, FolderRule], Outcome]:
        match state:
            case State.UPLOADING:
                return self._steps.upload
            case State.UPLOADED | State.SUBMITTING:
                return self._submit
            case State.PROCESSING:
                return self._steps.poll
            case State.DOWNLOADING:
                return self._steps.download
        raise ValueError(f"there is no stage for a job that is {state}")

    def _submit(self, hand: Hand, rule: FolderRule) -> Outcome:
        return self._steps.submit(hand, rule, partial(self._commit_intent, hand))

    def _commit_intent(self, hand: Hand, job: Job, outcome: Outcome) -> Job:
        after = self._store.advance(job, outcome.to, outcome.reason, claimed_by=self._by, **outcome.changes)
        self._give_place_back(hand)  # from here on the table counts it
        return after

    def _give_place_back(self, hand: Hand) -> None:
        if hand.keeps_place:
            hand.keeps_place = False
            self._claims.in_flight.give_back(hand.job.folder)
            self._pools[SUBMIT].wake()

    def _record(self, job: Job, outcome: Outcome, *, quick: bool) -> Job | None:
        """Write what came of a step; give the job if this thread goes on with it, else others will find it."""
        now = self._clock.now()
        due_at = outcome.changes.get("due_at", now)
        changes = {"waits_for": None, **outcome.changes, "due_at": due_at}
        prediction = outcome.changes.get("prediction_id")
        after, mine = self._persist(
            job, lambda: self._hand_on(job, outcome, changes, now, quick=quick), prediction
        )
        if job.state in IN_FLIGHT and after.state not in IN_FLIGHT:
            self._pools[SUBMIT].wake()  # a place in flight is free
        if after.final:
            self._pools[UPLOAD].wake()  # a twin that waited for this end is due now
        if after.state is State.QUEUED and after.twin_of is not None:
            self._look_at_original(after)
        if after.state is State.CANCELLED:
            self._changed(after.folder)
        if after.state is State.HELD and after.error_code in CONDITIONS:
            self._steps.close_gate(after.error_code, after.folder, after.error_message or "")
        if due_at > now and not after.put_away and after.state is not State.HELD:
            self._later(due_at)
        return after if mine else None

    def _hand_on(
        self, job: Job, outcome: Outcome, changes: dict[str, Any], now: float, *, quick: bool
    ) -> tuple[Job, bool]:
        """Write the outcome of a step; give the job, and whether this thread is to go on with it.

        If it is due at once it keeps its claim: after a quick step this thread goes on, as to wake another one
        would take longer than the step; else the next stage's pool gets it, if it has room.
        """
        pool = self._pools.get(_POOL_OF.get(outcome.to, ""))
        if pool is None or changes.get("put_away") or changes["due_at"] > now or self._steps.stopping.is_set():
            return self._write(job, outcome, changes), False
        reserved = not quick and pool.reserve()
        placed = (quick or reserved) and self._claims.may_go_on(replace(job, state=outcome.to))
        try:
            after = self._write(job, outcome, {**changes, "claimed_by": self._by if placed else None})
        except BaseException:
            if placed and outcome.to is State.UPLOADED:
                self._claims.in_flight.give_back(job.folder)
            if reserved:
                pool.unreserve()
            raise
        if placed and reserved:
            pool.put(after)
        elif reserved:
            pool.unreserve()
        if not placed:
            pool.wake()
        return after, placed and quick

    def _write(self, job: Job, outcome: Outcome, changes: dict[str, Any]) -> Job:
        if outcome.to is job.state:
            return self._store.amend(job, **changes)
        return self._store.advance(job, outcome.to, outcome.reason, **changes)

    def _look_at_original(self, twin: Job) -> None:
        """Catch the original that ended while its twin was being sent to wait for it."""
        original = self._store.find(twin.twin_of or 0)
        if original is None or original.final:
            self._persist(twin, lambda: self._store.amend(twin, due_at=self._clock.now()))
            self._pools[UPLOAD].wake()

    def _put_away(self, job: Job) -> None:
        try:
            rule = self._steps.rule_for(job)
            if rule is None:  # its folder is configured no more, so there is no done/ to bring it to
                self._persist(job, lambda: self._store.amend(job, put_away=True))
                return
            self._steps.folders.check(rule)  # a source whose mount is gone is not gone
            place = put_away(job, rule)
            where = {"put_away": True, "lies_at": place.lies_at, "in_inbox": place.in_inbox, "waits_for": None}
            self._persist(job, lambda: self._store.amend(job, **where))
        except Conflict:
            raise
        except Exception as error:
            why = f"the source can't be put away: {error}"
            if job.waits_for != why:
                log.warning(
                    "job %d: %s; tried again later",
                    job.id,
                    why,
                    exc_info=not isinstance(error, OSError | HotfolderError),
                )
            due_at = self._clock.now() + pause(6, self._chance())
            self._persist(job, lambda: self._store.amend(job, due_at=due_at, waits_for=why))
            self._later(due_at)

    def _persist(self, job: Job, write: Callable[[], T], prediction: str | None = None) -> T:
        """Write until it is written: a full disk must not make the daemon forget what came of a step."""
        told = False
        while True:
            signs.beat()  # a disk that is full hangs nothing
            try:
                return write()
            except DBAPIError as error:
                log.log(
                    logging.DEBUG if told else logging.ERROR,
                    "job %d (prediction %s): the job table can't be written: %s",
                    job.id,
                    prediction or job.prediction_id,
                    error.orig,
                )
                told = True
                if self._steps.stopping.wait(_DATABASE_PAUSE):
                    raise
