"""What a person may do to jobs: retry, attach, cancel, pause, resume, approve, try. One place for all who ask."""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from daemon.clock import Clock
from daemon.config import FolderRule, Settings
from daemon.errors import Conflict, PartlyRefused, Refused
from daemon.gates.gate import Gates
from daemon.gates.stops import APPROVED, PAUSE, PILE, paused
from daemon.inbox.look import Look, PassingTroubleError, UnreadableError, look
from daemon.inbox.names import PUT_AWAY, matches
from daemon.names import below, shown
from daemon.results.outbox import clear_drafts
from daemon.results.putaway import forget_error
from daemon.states import FINAL, Job, NewJob, State
from daemon.table.store import Store

_CLEARED = dict.fromkeys(("resume", "error_code", "error_message", "waits_for", "finished_at"))
_ANEW = {
    **dict.fromkeys(("prediction_id", "request", "upload_url", "uploaded_at", "submitted_at", "polled_at")),
    "result_urls": (),
    "outputs": (),
    "polls": 0,
    "reuploads": 0,
}
#: What was known of a source that has other bytes now.
_MENDED = dict.fromkeys(("sha256", "upload_url", "uploaded_at"))


class Actions:
    """Acts on the table. `gates` are the running daemon's, `wake` has it look at the table again."""

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        clock: Clock,
        *,
        gates: Gates | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._live = gates is not None
        self._gates = gates or Gates()
        self._wake = wake

    def retry(
        self, ids: Sequence[int] = (), *, failed: bool = False, held: bool = False, pay_again: bool = False
    ) -> list[str]:
        """Send jobs on from where they stood; give a line for each. Raises Refused if none could be.

        `failed` and `held` add all of these states. Where that would pay again it needs `pay_again`.
        """
        jobs = [self._job(job_id) for job_id in ids]
        for state, wanted in ((State.FAILED, failed), (State.HELD, held)):
            if wanted:
                # A failed file that was moved back into the inbox is a job of its own by now.
                jobs += [job for job in self._store.listed(state=state) if job.id not in ids and _has_source(job)]
        return self._each(jobs, lambda job: self._retry(job, pay_again=pay_again))

    def attach(self, job_id: int, prediction_id: str) -> str:
        """Give a held job of unknown outcome the prediction that a person found for it."""
        job = self._job(job_id)
        if not prediction_id.isprintable() or not prediction_id.strip() or "/" in prediction_id:
            raise Refused(f"{shown(prediction_id)!r} is not the id of a prediction")
        if job.state is not State.HELD or job.error_code not in {"unknown_submit", "prediction_lost"}:
            raise Refused(
                f"job {job.id} is {_standing(job)}; "
                "only a job held as unknown_submit or prediction_lost can be given a prediction"
            )
        now = self._clock.now()
        changes = {"prediction_id": prediction_id, "submitted_at": now, "polls": 0, "attempts": 0}
        self._store.advance(
            job,
            State.PROCESSING,
            f"prediction {prediction_id} was attached by a person",
            **{**_CLEARED, **changes, "due_at": now, "deadline_at": self._deadline(job)},
        )
        self._wake()
        return f"job {job.id}: asks for prediction {prediction_id}"

    def cancel(self, ids: Sequence[int], *, forget_paid: bool = False) -> list[str]:
        """Drop jobs; their sources go to failed/. One whose prediction is paid needs `forget_paid`."""
        return self._each([self._job(job_id) for job_id in ids], lambda job: self._cancel(job, forget_paid))

    def pause(self, folders: Sequence[str] = ()) -> list[str]:
        """Stop spending in these folders, or in all; give a line for each. Survives a restart."""
        lines = []
        for folder in self._known(folders) or [""]:
            self._store.note(PAUSE + folder, self._clock.wall())
            self._gates.close("pause", paused(folder), now=self._clock.now(), scope=folder)
            lines.append(f"{folder or 'all folders'}: nothing new is sent; what is in flight is still fetched")
        return lines

    def resume(self, folders: Sequence[str] = ()) -> list[str]:
        """End pauses in these folders, or every pause; give a line for each."""
        paused = [key.removeprefix(PAUSE) for key in self._store.notes(PAUSE)]
        wanted = self._known(folders) or paused
        if folders and "" in paused:
            raise Refused("all folders are paused together; `hotfolder resume` alone ends that")
        for folder in wanted:
            self._store.note(PAUSE + folder, None)
            self._gates.open("pause", folder, now=self._clock.now())
        self._wake()
        return [f"{folder or 'all folders'}: goes on" for folder in wanted] or ["nothing was paused"]

    def approve(self, folders: Sequence[str] = ()) -> list[str]:
        """Let the piles in these folders go, or every one that waits; give a line for each.

        That covers what lies there now. What comes later is counted anew, and may be a pile again.
        """
        held = [job for job in self._store.listed(state=State.HELD) if job.error_code == "pile"]
        piles = {key.removeprefix(PILE) for key in self._store.notes(PILE)} | {job.folder for job in held}
        piles |= {gate.scope for gate in self._gates.closed() if gate.code == "pile"}
        lines = []
        self._known(set(folders) - piles)
        for folder in folders or sorted(piles):
            if folder not in piles:
                lines.append(f"{folder}: there is no pile that waits")
                continue
            number = sum(self._store.counts[folder, state] for state in (State.QUEUED, State.UPLOADED))
            self._store.note(APPROVED + folder, self._clock.wall())  # first: what lies there counts no more
            self._store.note(PILE + folder, None)
            # Before what is held is looked for: who holds a job looks at the gate after that.
            self._gates.open("pile", folder, now=self._clock.now())
            number += self._store.release_held("pile", folder)
            lines.append(f"{folder}: the pile goes on, {number} file(s)")
        self._wake()
        return lines or ["no pile waits"]

    def try_file(self, path: str, folder: str) -> int:
        """Record one file, wherever it lies, as a job of `folder` that leaves it there; give the job's id."""
        rule = self._settings().folders.get(folder)
        if rule is None:
            raise Refused(f"there is no folder {folder!r} in the configuration")
        path = os.path.abspath(path)
        relative = below(os.path.realpath(path), os.path.realpath(rule.inbox))
        if relative and relative.partition("/")[0] not in PUT_AWAY:
            raise Refused(f"{shown(path)} lies in the inbox already; the daemon takes it from there")
        seen = _usable(path, rule)
        new = NewJob(
            folder=folder,
            source=path,
            identity=seen.identity,
            size=seen.size,
            model=rule.model,
            after="leave",
            in_inbox=False,
        )
        job = self._store.add([new])[0]
        self._wake()
        return job.id

    def _job(self, job_id: int) -> Job:
        job = self._store.find(job_id)
        if job is None:
            raise Refused(f"there is no job {job_id}")
        return job

    def _known(self, folders: Iterable[str]) -> list[str]:
        names = list(folders)
        for name in names:
            if name not in self._settings().folders:
                raise Refused(f"there is no folder {name!r} in the configuration")
        return names

    def _each(self, jobs: Sequence[Job], act: Callable[[Job], str]) -> list[str]:
        lines, refusals = [], []
        for job in jobs:
            try:
                lines.append(act(job))
            except (Refused, Conflict) as refusal:
                refusals.append(str(refusal))
        self._wake()
        if refusals and lines:
            raise PartlyRefused(lines, refusals)
        if refusals:
            raise Refused("\n".join(refusals))
        return lines

    def _retry(self, job: Job, *, pay_again: bool) -> str:
        to, changes, reason = _where_to(job, pay_again=pay_again)
        if self._live and job.claimed_by is not None:
            raise Refused(f"job {job.id}: its source is being put away at this moment; ask again in a few seconds")
        if to in {State.QUEUED, State.UPLOADED}:
            seen = self._source_of(job)
            if seen is not None and seen.identity != job.identity and not job.in_inbox:  # mended where it lies
                to, changes = State.QUEUED, {**changes, **_MENDED, "identity": seen.identity, "size": seen.size}
        if to is not State.PROCESSING:
            changes = {**changes, "fingerprint": None}  # meanwhile another job may stand for the same
        if to is State.PROCESSING:
            changes = {**changes, "deadline_at": self._deadline(job), "submitted_at": self._clock.now()}
        if pay_again:
            self._clear_drafts(job)
        if job.lies_at is not None and not job.in_inbox and job.after != "leave":
            forget_error(job.lies_at)
        common = {**_CLEARED, "attempts": 0, "put_away": False, "due_at": self._clock.now()}
        self._store.advance(job, to, reason, **{**common, **changes})
        return f"job {job.id}: {reason}"

    def _source_of(self, job: Job) -> Look | None:
        """Look at the source; None without a rule. Raises Refused if it is gone, or what intake would refuse."""
        if job.lies_at is None or not os.path.lexists(job.lies_at):
            raise Refused(
                f"job {job.id}: its source {shown(job.source)} is no longer there; drop it into the inbox anew"
            )
        rule = self._settings().folders.get(job.folder)
        return None if rule is None else _usable(job.lies_at, rule)

    def _clear_drafts(self, job: Job) -> None:
        """Remove what an earlier prediction left half delivered: the new one's results are others."""
        rule = self._settings().folders.get(job.folder)
        if rule is not None:
            with contextlib.suppress(OSError):
                clear_drafts(job, rule)

    def _deadline(self, job: Job) -> float:
        rule = self._settings().folders.get(job.folder)
        return self._clock.now() + (60.0 if rule is None else rule.deadline_minutes) * 60

    def _cancel(self, job: Job, forget_paid: bool) -> str:  # noqa: FBT001 - the command's own flag
        if job.state in FINAL:
            raise Refused(f"job {job.id} is {_standing(job)} already")
        if job.state is State.SUBMITTING:
            raise Refused(f"job {job.id} is being sent at this moment; ask again in a few seconds")
        unknown = job.error_code == "unknown_submit" or job.may_be_paid
        if (job.prediction_id is not None or unknown) and not forget_paid:
            what = f"prediction {job.prediction_id} is" if job.prediction_id else "its submit may have been"
            raise Refused(f"job {job.id}: {what} paid; --forget-paid drops it all the same")
        changes = {"error_code": "cancelled", "put_away": False}
        message = "It was cancelled by a person."
        if job.prediction_id is not None:
            message += f" Prediction {job.prediction_id} was paid; its result was not fetched."
        elif unknown:
            message += " Its submit may have been accepted and paid; to try it again may pay again."
            changes["error_code"] = "unknown_submit"  # as a retry must not take it for unpaid
        changes["error_message"] = message
        resume = State.PROCESSING if job.prediction_id else State.QUEUED
        now = self._clock.now()
        self._store.advance(job, State.CANCELLED, "cancelled by a person", resume=resume, due_at=now, **changes)
        return f"job {job.id}: cancelled"


def _usable(path: str, rule: FolderRule) -> Look:
    """Judge a file as intake would, so that nothing is sent that no rule takes. Raises Refused."""
    if not matches(os.path.basename(path), rule.match):
        raise Refused(f"{shown(path)} fits no pattern of the folder {rule.name}: {', '.join(rule.match)}")
    try:
        seen = look(path, rule)
    except OSError as error:
        raise Refused(f"{shown(path)} can't be used: {(error.strerror or str(error)).lower()}") from error
    except (UnreadableError, PassingTroubleError) as error:
        raise Refused(f"{shown(path)} can't be used: {error}") from error
    if seen.flaw is not None:
        raise Refused(f"{shown(path)}: {seen.flaw.message}")
    return seen


def _has_source(job: Job) -> bool:
    return job.prediction_id is not None or (job.lies_at is not None and os.path.lexists(job.lies_at))


def _where_to(job: Job, *, pay_again: bool) -> tuple[State, dict[str, Any], str]:
    """Say where a retry takes a job, with which changes, and why; raises Refused."""
    if job.state not in {State.FAILED, State.HELD, State.CANCELLED}:
        raise Refused(f"job {job.id} is {_standing(job)}; there is nothing to try again")
    if pay_again:
        # A twin would get its original's result again, so it is told to stand for itself.
        anew = {**_ANEW, "pays_itself": job.twin_of is not None}
        return State.QUEUED, anew, "tried again by a person, who accepts that it is paid again"
    if job.error_code == "unknown_submit" or job.may_be_paid:
        found = "use `hotfolder attach` if it is there, or " if job.state is State.HELD else ""
        raise Refused(
            f"job {job.id} may have been paid: look into the service's list of predictions, then {found}"
            "`hotfolder retry --pay-again` if it is not there"
        )
    if job.prediction_id is not None:
        if job.state is State.FAILED:
            raise Refused(
                f"job {job.id}: prediction {job.prediction_id} was accepted and failed, so a new one may cost "
                "again; --pay-again says that this is meant"
            )
        return State.PROCESSING, {"result_urls": ()}, "its prediction is asked again, at a person's wish"
    resume = job.resume or State.QUEUED
    return (State.QUEUED if resume is State.UPLOADING else resume), {}, "tried again by a person"


def _standing(job: Job) -> str:
    return f"{job.state} ({job.error_code})" if job.error_code else str(job.state)
