"""Works the table off: a pool of threads for each stage claims due rows, runs the stage, records the outcome.

A job that a step leaves due keeps its claim and goes on, in the same thread after a quick step (hand.py), else in
the next pool if that has room. If not, it waits in the table like all others.
"""

import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from daemon import signs
from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Conflict
from daemon.stages.outcome import Outcome
from daemon.states import CONDITIONS, FINAL, IN_FLIGHT, Job, Move, State
from daemon.table.store import Store
from daemon.work.aftermath import internal
from daemon.work.claims import Claims
from daemon.work.closing import AT_ONCE, Closing
from daemon.work.hand import MAY_WAIT, Hand
from daemon.work.persist import Persist
from daemon.work.pool import Pool
from daemon.work.steps import Steps
from daemon.work.unready import SOON, Unready

log = logging.getLogger(__name__)

UPLOAD, SUBMIT, POLL, DOWNLOAD, UNREADY, PUT_AWAY = "upload", "submit", "poll", "download", "unready", "put-away"
_POOL_OF = {
    State.QUEUED: UPLOAD,
    State.UPLOADING: UPLOAD,
    State.UPLOADED: SUBMIT,
    State.SUBMITTING: SUBMIT,
    State.PROCESSING: POLL,
    State.DOWNLOADING: DOWNLOAD,
    **dict.fromkeys(FINAL, PUT_AWAY),
}
#: Threads for submits and for downloads; the number of uploads is configured.
_THREADS = 4
#: Threads that upload while others go on with what they uploaded.
_MORE = 4
#: Polls wait longer for the network than they compute; so many rows are claimed with one transaction.
_POLLERS, _POLLS_AHEAD = 8, 64
#: Seconds for which sources of jobs that ended wait for others, to be put away with them.
_LINGER = 0.05
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
        self._later = later
        self._changed = changed
        self._persist = Persist(steps.stopping)
        closing = Closing(store, self._persist, clock, steps.folders, steps.rule_for, chance=chance, later=later)
        uploads = settings.limits.uploads
        self._unready = Unready(store, self._persist, later)
        self._pools = {
            UPLOAD: Pool(UPLOAD, uploads, claims.for_upload, partial(self._carry, UPLOAD), more=_MORE),
            SUBMIT: Pool(SUBMIT, _THREADS, claims.for_submit, partial(self._carry, SUBMIT)),
            POLL: Pool(POLL, _POLLERS, claims.for_poll, partial(self._carry, POLL), ahead=_POLLS_AHEAD),
            DOWNLOAD: Pool(DOWNLOAD, _THREADS, claims.for_download, partial(self._carry, DOWNLOAD)),
            UNREADY: self._unready.pool,
            PUT_AWAY: Pool(PUT_AWAY, 1, claims.for_put_away, closing.close, at_once=AT_ONCE, linger=_LINGER),
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
        until = time.monotonic() + timeout
        self._steps.stopping.set()
        *working, unready, last = self._pools.values()
        for pool in working:
            pool.stop()
        interrupt()
        ended = [pool.join(max(0.0, until - time.monotonic())) for pool in working]
        unready.stop(drain=True)
        last.stop(drain=True)  # what has ended meanwhile leaves nothing lying about
        return all([*ended, *(pool.join(max(0.0, until - time.monotonic())) for pool in (unready, last))])

    def reload(self, settings: Settings) -> None:
        """Take new rules; jobs that are not yet submitted go by them."""
        self._claims.settings = settings
        self._steps.settings = settings
        self.wake()

    def wake(self) -> None:
        """Look for due rows now, in every stage that may have some: to wake a thread costs all others time."""
        for name in {_POOL_OF[state] for state in _POOL_OF if self._store.any_in(state)}:
            self._pools[name].wake()

    def wake_for(self, jobs: Collection[Job]) -> None:
        """Look for rows in the states of these jobs, which were just recorded."""
        for name in {_POOL_OF[job.state] for job in jobs if job.state in _POOL_OF}:
            self._pools[name].wake()

    def quiet(self) -> bool:
        """Tell whether no job is in hand and nothing is known that could be taken up."""
        return all(pool.quiet() for pool in self._pools.values())

    def silences(self, now: float) -> dict[str, float]:
        """Give, by stage, the seconds for which nothing got on though there is work; `now`: time.monotonic()."""
        return {name: pool.silence(now) for name, pool in self._pools.items()}

    def _carry(self, pool: str, claimed: list[Job]) -> None:
        """Run a claimed job's stage, and those after it as long as that is this thread's; nothing is raised."""
        hand = Hand(claimed[0])
        try:
            while self._stage(hand):
                signs.beat()
                self._pools[pool].leave()
        except Conflict as conflict:
            log.info("%s", conflict)
        except Exception:
            log.exception(
                "job %d: what came of its step could not be recorded", hand.row.id, extra={"job": hand.row.id}
            )
            if not self._steps.stopping.is_set():  # the next start takes it up where the table has it
                self._hold(hand.row.id)

    def _hold(self, job_id: int) -> None:
        """Hold a job whose step could not be recorded, so that it does not stay claimed for ever."""
        try:
            job = self._store.find(job_id)
            if job is not None and not job.final and job.claimed_by == self._by:
                outcome = internal(job)
                self._store.advance(job, outcome.to, outcome.reason, **outcome.changes)
        except Exception:
            log.exception(
                "job %d could not even be held; a restart takes it up again", job_id, extra={"job": job_id}
            )

    def _stage(self, hand: Hand) -> bool:
        """Run one stage and record what came of it; tell whether this thread goes on with the job."""
        began = time.monotonic()
        hand.keeps_place = hand.job.state is State.UPLOADED
        try:
            outcome = self._steps.run(self._step_for(hand.job.state), hand)
        finally:
            signs.beat()
            self._give_place_back(hand)
        return self._record(hand, outcome, quick=time.monotonic() - began < _QUICK)

    def _step_for(self, state: State) -> Callable[[Hand, FolderRule], Outcome]:
        match state:
            case State.UPLOADING:
                return self._steps.upload
            case State.UPLOADED | State.SUBMITTING:
                return partial(self._steps.submit, commit=self._commit_intent)
            case State.PROCESSING:
                return self._steps.poll
            case State.DOWNLOADING:
                return partial(self._steps.download, save=self._save)
        raise ValueError(f"there is no stage for a job that is {state}")

    def _commit_intent(self, hand: Hand, intent: Outcome) -> bool:
        """Write the intent to submit; False if another job turned out to stand for this one."""
        moves = [*hand.moves, Move(intent.to, intent.reason, self._clock.wall())]
        changes = {**hand.unsaved, **intent.changes, "claimed_by": self._by}
        after = self._store.intend(hand.row, moves, **changes)
        if after is None:
            return False
        hand.written(after)
        self._give_place_back(hand)  # from here on the table counts it
        return True

    def _save(self, hand: Hand) -> None:
        """Write what is unwritten of a job in hand, so that whoever asks is told where it stands."""
        changes, before = {**hand.unsaved, "claimed_by": self._by}, hand.row.state
        hand.written(self._persist(hand.row, lambda: self._store.write(hand.row, hand.moves, **changes)))
        self._follow_up(hand.job, before)

    def _give_place_back(self, hand: Hand) -> None:
        if hand.keeps_place:
            hand.keeps_place = False
            self._claims.in_flight.give_back(hand.job.folder)
            self._wake_if_some(SUBMIT, State.UPLOADED)

    def _record(self, hand: Hand, outcome: Outcome, *, quick: bool) -> bool:
        """Take down what came of a step; True: this thread goes on with the job. Else others will find it."""
        now, before = self._clock.now(), hand.row.state
        due_at = outcome.changes.get("due_at", now)
        changes = {"waits_for": None, **outcome.changes, "due_at": due_at}
        mine = self._hand_on(hand, outcome, changes, now, quick=quick)
        self._follow_up(hand.job, before)
        if due_at > now and not hand.job.put_away and hand.job.state is not State.HELD:
            self._later(due_at)
        return mine

    def _follow_up(self, after: Job, before: State) -> None:
        """See to what the new state of a job means for others."""
        if before in IN_FLIGHT and after.state not in IN_FLIGHT:
            self._wake_if_some(SUBMIT, State.UPLOADED)  # a place in flight is free
        if after.final:
            self._wake_if_some(UPLOAD, State.QUEUED)  # a twin that waited for this end is due now
        if after.state is State.QUEUED and after.twin_of is not None:
            self._look_at_original(after)
        if after.state is State.CANCELLED:
            self._changed(after.folder)
        if after.state is State.HELD and after.error_code in CONDITIONS:
            self._steps.close_gate(after.error_code, after.folder, after.error_message or "")

    def _wake_if_some(self, pool: str, state: State) -> None:
        """Wake a pool if there are rows in the state that it takes up; most jobs end without any waiting."""
        if self._store.any_in(state):
            self._pools[pool].wake()

    def _hand_on(self, hand: Hand, outcome: Outcome, changes: dict[str, Any], now: float, *, quick: bool) -> bool:
        """Write the outcome of a step, and see who goes on with the job; True: this thread.

        If it is due at once it keeps its claim: after a quick step this thread goes on, as to wake another one
        would take longer than the step; else the next stage's pool gets it, if it has room.
        """
        pool = self._pools.get(_POOL_OF.get(outcome.to, ""))
        stops = self._steps.stopping.is_set() and outcome.to not in FINAL
        if pool is None or changes.get("put_away") or changes["due_at"] > now or stops:
            unready = outcome.to is State.PROCESSING is hand.row.state and changes["due_at"] > now + SOON
            if not (unready and self._unready.take(hand.row, {**hand.unsaved, **changes})):
                self._write(hand, outcome, changes)
            return False
        quick = quick and outcome.to not in FINAL
        reserved = not quick and pool.reserve()
        placed = (quick or reserved) and self._claims.may_go_on(hand.job.having(state=outcome.to))
        if placed and quick and outcome.to in MAY_WAIT and outcome.to is not hand.job.state:
            hand.move(outcome.to, outcome.reason, self._clock.wall(), changes)
            return True
        try:
            after = self._write(hand, outcome, {**changes, "claimed_by": self._by if placed else None})
        except BaseException:
            if placed and outcome.to is State.UPLOADED:
                self._claims.in_flight.give_back(hand.job.folder)
            if reserved:
                pool.unreserve()
            raise
        if placed and reserved:
            pool.put(after)
        elif reserved:
            pool.unreserve()
        if not placed:
            pool.wake()
        return placed and quick

    def _write(self, hand: Hand, outcome: Outcome, changes: dict[str, Any]) -> Job:
        moves = list(hand.moves)
        if outcome.to is not hand.job.state:
            moves.append(Move(outcome.to, outcome.reason, self._clock.wall()))
        values = {**hand.unsaved, **changes}
        prediction = outcome.changes.get("prediction_id")
        return hand.written(
            self._persist(hand.row, lambda: self._store.write(hand.row, moves, **values), prediction)
        )

    def _look_at_original(self, twin: Job) -> None:
        """Catch the original that ended while its twin was being sent to wait for it."""
        original = self._store.find(twin.twin_of or 0)
        if original is None or original.final:
            self._persist(twin, lambda: self._store.amend(twin, due_at=self._clock.now()))
            self._pools[UPLOAD].wake()
