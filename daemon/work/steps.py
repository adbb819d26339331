"""Runs one stage on one job, and makes an outcome of whatever comes of it, errors included."""

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from daemon.atlas.client import Client
from daemon.atlas.pacing import Outcome as Paced
from daemon.atlas.pacing import Pacing
from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Blocked, Conflict, LocalTrouble, OutcomeUnknown, RateLimited, StageError, Transient
from daemon.gates.folders import Folders
from daemon.gates.gate import Gates, Need
from daemon.money.budget import Budget
from daemon.pace.durations import Pace, together
from daemon.pace.paces import NOTE, Paces
from daemon.retry import CloseGate
from daemon.stages.compose import has_sidecar
from daemon.stages.download import download
from daemon.stages.outcome import Outcome
from daemon.stages.poll import poll
from daemon.stages.submit import prepare, send
from daemon.stages.upload import SettleOriginal, upload
from daemon.states import IN_FLIGHT, Job, State
from daemon.table.store import Store
from daemon.work.aftermath import internal, outcome_of, shortage_of, way_back
from daemon.work.claims import POLLS, POLLS_A_SECOND, UPLOADS, downloads, submits
from daemon.work.hand import Hand

log = logging.getLogger(__name__)

#: Writes the intent to submit the job in hand; False if another job turned out to stand for it.
Commit = Callable[[Hand, Outcome], bool]
#: Seconds after which a download is no longer quick: from then on the table says that it is under way.
_SLOW = 0.2
#: Bytes. What a smaller file is, is noted with the next write; to upload it twice would cost less than a write.
_SMALL = 4_000_000
#: Bytes of sources that all uploads under way hold in memory together; what is larger than a share is read twice.
_KEPT = 32 << 20
#: Seconds for which a thread waits for its turn with a job in hand.
_LONGEST_WAIT = 0.5

_FETCHING = frozenset({State.PROCESSING, State.DOWNLOADING})


@dataclass(slots=True)
class _Call:
    """Whether the call that there was room for was made: one that was not says nothing of the service."""

    made: bool = True


class Steps:
    """The stages with what they need. `later` is told times at which to look for due rows again."""

    def __init__(
        self,
        store: Store,
        client: Client,
        gates: Gates,
        pacing: Pacing,
        clock: Clock,
        settings: Settings,
        folders: Folders,
        budget: Budget,
        *,
        chance: Callable[[], float],
        later: Callable[[float], None],
    ) -> None:
        self._store = store
        self._client = client
        self._gates = gates
        self._pacing = pacing
        self._clock = clock
        self._chance = chance
        self._later = later
        self._budget = budget
        self.settings = settings
        self.folders = folders
        self.stopping = threading.Event()
        self.paces = Paces(store.notes(NOTE), store.note)

    def pace(self, model: str) -> Pace:
        """Give what is known of how long this model's predictions take."""
        return self.paces.of(model)

    def rule_for(self, job: Job) -> FolderRule | None:
        """Give the rule that a job goes by: what it was submitted with, else what its folder says now, if any."""
        present = self.settings.folders.get(job.folder)
        if job.request is None or job.prediction_id is None:
            return present
        frozen = job.request["rule"]
        if present is not None and frozen == present.frozen:
            return present
        return FolderRule.model_validate(frozen, context={"base": "/", "home": None})

    def run(self, step: Callable[[Hand, FolderRule], Outcome], hand: Hand) -> Outcome:
        """Run a stage on the job in hand; raises only Conflict."""
        rule = self.rule_for(hand.job)
        if rule is None:
            return self._without_rule(hand.job)
        try:
            return step(hand, rule)
        except Conflict:
            raise
        except StageError as error:
            return self._after(hand.job, rule, error)
        except Exception as error:
            shortage = shortage_of(error)
            if shortage is not None and hand.job.state is not State.SUBMITTING:
                return self._after(hand.job, rule, shortage)
            about = {"job": hand.job.id, "folder": hand.job.folder}
            log.exception(
                "job %d: something unforeseen happened while %s", hand.job.id, hand.job.state, extra=about
            )
            return internal(hand.job)

    def upload(self, hand: Hand, rule: FolderRule) -> Outcome:
        """Upload the source."""
        self.folders.check_inbox(rule)  # else a source on a mount that is gone would count as vanished
        keep = _KEPT // self.settings.limits.uploads
        with self._paced(UPLOADS) as call:
            outcome, hand.composed = upload(
                hand.job, rule, client=self._client, settle=self._settle_into(hand), now=self._clock.now, keep=keep
            )
            call.made = "upload_url" in outcome.changes
        if outcome.to is State.UPLOADED and rule.sidecar_wait and not has_sidecar(hand.job):
            waits = {"due_at": self._clock.now() + rule.sidecar_wait, "waits_for": "a sidecar that may come late"}
            outcome = Outcome(outcome.to, outcome.reason, {**outcome.changes, **waits})
        return outcome

    def submit(self, hand: Hand, rule: FolderRule, commit: Commit) -> Outcome:
        """Prepare the submit, have the intent committed, send it."""
        if hand.job.state is not State.SUBMITTING:
            self.folders.check(rule, spending=True)
        outcome = prepare(
            hand.job, rule, composed=hand.composed, settle=self._settle_into(hand), now=self._clock.now
        )
        if outcome.to is not State.SUBMITTING:
            return outcome
        why = self._gates.why_closed(Need.SPEND, rule.name)
        if why is not None:  # it was taken up just before the gate closed
            return Outcome(State.UPLOADED, why, {"due_at": self._clock.now(), "waits_for": why})
        with self._paced(submits(rule.model)) as call:
            # On disk before the first byte is sent: from here on a kill leaves an unknown outcome.
            call.made = self._commit(hand, rule, outcome, commit)
            if call.made:
                trouble = self._store.file.trouble()
                if trouble is not None:  # the intent is not where the next daemon would look for it
                    raise Blocked(trouble, code="table")
                return self._first_question(send(hand.job, client=self._client, now=self._clock.now), rule)
        reason = "the same file under the same rule was sent meanwhile"
        return Outcome(State.QUEUED, reason, {"due_at": self._clock.now()})

    def _commit(self, hand: Hand, rule: FolderRule, intent: Outcome, commit: Commit) -> bool:
        """Take what the submit costs from the budgets, and have the intent committed; raises Blocked(`budget`)."""
        with self._budget.taken(rule, intent.changes["request"]["body"]) as taken:
            taken.kept = commit(hand, replace(intent, changes={**intent.changes, **taken.changes}))
        return taken.kept

    def _first_question(self, sent: Outcome, rule: FolderRule) -> Outcome:
        """Put off what follows a submit until the prediction may be ready."""
        pause = self.pace(rule.model).next_after(0.0, rule.kind, 0, self._stretch(rule.model))
        due_at = together(sent.changes["due_at"] + pause, pause)
        return Outcome(sent.to, sent.reason, {**sent.changes, "due_at": due_at})

    def _stretch(self, model: str) -> float:
        """Give what pauses are multiplied by, as all that is in flight shares the questions of a second."""
        if self._store.count_in(IN_FLIGHT) < POLLS_A_SECOND:  # there is one for each in every second
            return 1.0
        flying: Counter[str] = Counter()
        for rule in self.settings.folders.values():
            flying[rule.model] += sum(self._store.counts[rule.name, state] for state in IN_FLIGHT)
        return self.paces.stretch(model, flying, POLLS_A_SECOND)

    def poll(self, hand: Hand, rule: FolderRule) -> Outcome:
        """Ask for the prediction once."""
        pace = self.pace(hand.job.model)
        with self._paced(POLLS):
            outcome = poll(
                hand.job,
                rule,
                client=self._client,
                pace=pace,
                now=self._clock.now(),
                stretch=self._stretch(hand.job.model),
            )
        self.paces.keep(hand.job.model)
        return outcome

    def download(self, hand: Hand, rule: FolderRule, save: Callable[[Hand], None]) -> Outcome:
        """Fetch the outputs into the outbox. `save` writes what is unwritten of the job, once it takes longer."""
        self.folders.check_outbox(rule)
        job = hand.job
        slow_at = self._clock.now() + _SLOW

        def lasts() -> None:
            if hand.moves and self._clock.now() > slow_at:
                save(hand)

        original = None if job.twin_of is None or job.result_urls else self._store.find(job.twin_of)
        limit = int(self.settings.limits.max_result_mb * 1_000_000)
        with self._paced(downloads(job)):
            return download(
                job,
                rule,
                client=self._client,
                original=original,
                limit=limit,
                now=self._clock.now(),
                wall=self._clock.wall,
                lasts=lasts,
            )

    def _after(self, job: Job, rule: FolderRule, error: StageError) -> Outcome:
        now = self._clock.now()
        if self.stopping.is_set() and isinstance(error, Transient) and job.state is not State.SUBMITTING:
            return Outcome(way_back(job), "the daemon stopped", {"due_at": now})
        if isinstance(error, LocalTrouble):
            self._client.drop_idle()
        outcome, decision = outcome_of(job, rule, error, now=now, chance=self._chance())
        if isinstance(decision, CloseGate):
            need = Need.FETCH if job.state in _FETCHING else Need.SPEND
            scope = error.scope if isinstance(error, Blocked) else None
            first = self.close_gate(decision.code, rule.name, str(error), scope=scope)
            if outcome.to is State.HELD and not first and self._gates.stops(decision.code, need):
                # The job that closed the gate is held; this one was under way with it, and stays where it stood.
                reason = f"stands still with others ({decision.code})"
                return Outcome(way_back(job), reason, {"due_at": now, "waits_for": str(error)})
        return outcome

    def close_gate(self, code: str, folder: str, reason: str, *, scope: str | None = None) -> bool:
        """Close a gate, and say so once; tell whether it was open. `scope`: None for that of `Gates.scope_of`."""
        now = self._clock.now()
        scope = self._gates.scope_of(code, folder) if scope is None else scope
        first = self._gates.close(code, reason, now=now, scope=scope)
        if first and not self._gates.relapsed(code, scope):
            what = f"Nothing of the folder {scope}" if scope in self.settings.folders else "Nothing"
            log.warning("%s. %s is sent until that is over.", reason.rstrip("."), what)
        self._later(self._gates.next_probe() or now)
        return first

    @contextlib.contextmanager
    def _paced(self, key: tuple[str, str]) -> Iterator[_Call]:
        """Make one call within the window that failures leave; raises RateLimited where there is no room."""
        began = self._admitted(key)
        outcome, after, call = Paced.OTHER, None, _Call()
        try:
            yield call
            if call.made:
                outcome = Paced.GOOD
        except RateLimited as error:
            outcome, after = Paced.LIMITED, error.after
            raise
        except LocalTrouble:
            raise
        except (Transient, OutcomeUnknown):
            outcome = Paced.BROKEN
            raise
        finally:
            if self._pacing.release(key, outcome, self._clock.now(), began=began, after=after):
                self._later(max(self._clock.now(), self._pacing.opens_at(key)))

    def _admitted(self, key: tuple[str, str]) -> float:
        """Wait for a moment until the window has room for one more call; give the time of its start."""
        waits_until = self._clock.now() + _LONGEST_WAIT
        while not self._pacing.admit(key, now := self._clock.now()):
            pause = self._pacing.opens_at(key) - now
            if pause > 0 or now > waits_until:
                text = "The service is in trouble or asked for fewer calls; this one waits."
                raise RateLimited(text, after=max(pause, 0.0))
            if self.stopping.wait(0.02):
                raise Transient("the daemon stopped")
        return now

    def _settle_into(self, hand: Hand) -> SettleOriginal:
        def settle(job: Job, fingerprint: str, sha256: str) -> tuple[Job, Job | None]:
            if job.size < _SMALL and self._store.original_of(job.id, fingerprint) is None:
                hand.note({"fingerprint": fingerprint, "sha256": sha256, "twin_of": None})
                return hand.job, None
            row, original = self._store.settle_original(hand.row, fingerprint, sha256)
            hand.settled(row)
            return hand.job, original

        return settle

    def _without_rule(self, job: Job) -> Outcome:
        reason = f"the folder {job.folder} is no longer in the configuration"
        if job.state is State.SUBMITTING:
            return internal(job)
        return Outcome(way_back(job), reason, {"due_at": self._clock.now() + 3600, "waits_for": reason})
