"""What `run` would send for the files that lie in the inboxes, and what that would cost at least. Sends nothing.

Files are found, looked at and put together as the daemon does it, without waiting for what may still grow. Nothing
is written, and the job table is only read, so this may be asked beside a running daemon.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from daemon.config import FolderRule, Settings
from daemon.errors import StageError
from daemon.gates.stops import approval
from daemon.inbox.look import Look, PassingTroubleError, UnreadableError, look
from daemon.inbox.names import Role, never_input, role_of
from daemon.inbox.scanner import Found, scan
from daemon.inbox.settle import Shape
from daemon.money.amounts import at_least, dollars, estimate
from daemon.names import shown
from daemon.source import identity_of, reading, sha256_of
from daemon.stages.compose import compose
from daemon.stages.upload import mark_of
from daemon.states import CONDITIONS, Job, State
from daemon.table.queries import Queries

#: Stands in a request where the URL of the uploaded file would.
UPLOADED = "(the uploaded file)"
#: Jobs that were not sent yet, and will be.
_TO_COME = frozenset({State.QUEUED, State.UPLOADING, State.UPLOADED})

Prices = Callable[[str], float | None]


class Fate(StrEnum):
    """What would become of a file."""

    SEND = "send"  # sent and paid for
    COPY = "copy"  # gets the result of an equal one, and costs nothing
    DONE_WITH = "job"  # a job already, which is not sent (again)
    WAIT = "wait"  # ends early so far: waits for its rest
    REFUSE = "refuse"  # would fail, for the reason given
    LEAVE = "leave"  # no pattern of the rule fits: stays where it is


@dataclass(frozen=True, slots=True)
class Plan:
    """One file: `note` says why in words, `request` is the call's body, `usd` the least that it costs."""

    folder: str
    source: str
    fate: Fate
    note: str = ""
    job: int | None = None
    kind: str | None = None
    request: Mapping[str, Any] | None = None
    usd: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as `run --dry-run --json` prints it."""
        return {
            "folder": self.folder,
            "source": shown(self.source),
            "fate": str(self.fate),
            "note": self.note,
            "job": self.job,
            "call": self.kind,
            "request": self.request,
            "at_least_usd": self.usd,
        }


def plans(settings: Settings, queries: Queries | None, prices: Prices, *, wall: float) -> Iterator[Plan]:
    """Say of each file in the inboxes what would become of it; `wall` in seconds since the epoch."""
    first_of: dict[str, str] = {}
    for rule in settings.folders.values():
        for found in _files(rule):
            role = _role(found.path, rule)
            if role is Role.UNMATCHED:
                yield Plan(rule.name, found.path, Fate.LEAVE, "fits no pattern of the rule")
            if role is Role.INPUT:
                plan = _plan(found, rule, queries, first_of, wall)
                yield plan if plan.fate is not Fate.SEND else _priced(plan, rule, prices)


def _files(rule: FolderRule) -> list[Found]:
    below = len(rule.inbox.rstrip("/")) + 1
    found = scan(rule.inbox, recursive=rule.recursive, skip=lambda path: never_input(path[below:]))
    return sorted((each for each in found if each is not None), key=lambda each: each.path)


def _role(path: str, rule: FolderRule) -> Role:
    relative = path[len(rule.inbox.rstrip("/")) + 1 :]
    return role_of(relative, rule.match, takes_media=rule.takes_media, recursive=rule.recursive)


def _priced(plan: Plan, rule: FolderRule, prices: Prices) -> Plan:
    return replace(plan, kind=rule.kind, usd=estimate(prices(rule.model), plan.request or rule.params))


def _plan(found: Found, rule: FolderRule, queries: Queries | None, first_of: dict[str, str], wall: float) -> Plan:
    known = None if queries is None else queries.live(rule.name, found.path, identity_of(found.stat))
    if known is not None and not _will_be_sent(known):
        return Plan(rule.name, found.path, Fate.DONE_WITH, f"is job {known.id}, {known.state}", known.id)
    try:
        seen = look(found.path, rule)
        if seen.shape is Shape.SHORT and seen.flaw is not None:
            return Plan(rule.name, found.path, Fate.WAIT, seen.flaw.message)
        if seen.flaw is not None:
            return Plan(rule.name, found.path, Fate.REFUSE, seen.flaw.message)
        return _composed(known or _new(found.path, rule, seen, wall), rule, queries, first_of)
    except FileNotFoundError:
        return Plan(rule.name, found.path, Fate.LEAVE, "has just gone")
    except (UnreadableError, PassingTroubleError, StageError) as error:
        return Plan(rule.name, found.path, Fate.REFUSE, str(error))


def _will_be_sent(job: Job) -> bool:
    held = job.state is State.HELD and (job.error_code in CONDITIONS or job.error_code == "pile")
    return job.state in _TO_COME or (held and job.prediction_id is None)


def _new(path: str, rule: FolderRule, seen: Look, wall: float) -> Job:
    """Give the job that the file would become."""
    return Job(
        id=0,
        folder=rule.name,
        state=State.QUEUED,
        source=path,
        lies_at=path,
        identity=seen.identity,
        size=seen.size,
        model=rule.model,
        version=0,
        created_at=wall,
        updated_at=wall,
    )


def _composed(job: Job, rule: FolderRule, queries: Queries | None, first_of: dict[str, str]) -> Plan:
    """Put the request together, and look whether it is paid for already; raises StageError."""
    with reading(job) as descriptor:
        sha256 = sha256_of(descriptor)
        composed = compose(job, rule, descriptor)
    mark = mark_of(replace(job, id=job.id or -len(first_of) - 1), rule, composed, sha256)
    if mark in first_of:
        note = f"the same file under the same rule as {shown(first_of[mark])}: not paid again"
        return Plan(rule.name, job.source, Fate.COPY, note, job.id or None)
    original = None if queries is None else queries.original_of(job.id, mark)
    if original is not None:
        note = f"the same file under the same rule as job {original.id}: not paid again"
        return Plan(rule.name, job.source, Fate.COPY, note, job.id or None)
    first_of[mark] = job.source
    note = f"waits as job {job.id}" if job.id else ""
    request = composed.with_media(rule, UPLOADED if rule.takes_media else None)
    return Plan(rule.name, job.source, Fate.SEND, note, job.id or None, request=request)


def summary(settings: Settings, files: Sequence[Plan], spent: Mapping[str, float]) -> dict[str, Any]:
    """Add the plans up by folder and in all, and say which budget or brake they meet; `spent` today, in USD."""
    folders = {name: _sums([each for each in files if each.folder == name]) for name in settings.folders}
    total = _sums(files)
    said = list(_budget("", settings.limits.daily_budget_usd, total["at_least_usd"], sum(spent.values())))
    for name, rule in settings.folders.items():
        said += _budget(name, rule.daily_budget_usd, folders[name]["at_least_usd"], spent.get(name, 0.0))
        said += _pile(rule, settings, [each for each in files if each.folder == name and each.job is None])
    for name, sums in folders.items():
        if sums["without_price"]:
            model = settings.folders[name].model
            said.append(f"the price of {model} is not known, so what {name} costs is not counted")
    return {"folders": folders, "total": total, "notes": said}


def _sums(files: Sequence[Plan]) -> dict[str, Any]:
    to_send = [each for each in files if each.fate is Fate.SEND]
    return {
        **{str(fate): sum(each.fate is fate for each in files) for fate in Fate},
        "at_least_usd": round(sum(each.usd or 0.0 for each in to_send), 6),
        "without_price": sum(each.usd is None for each in to_send),
    }


def _budget(folder: str, limit: float | None, wanted: float, spent: float) -> Iterator[str]:
    if limit is not None and spent + wanted > limit:
        whose = f"the daily budget of the folder {folder}" if folder else "the daily budget"
        yield (
            f"{whose}, {dollars(limit)}, has {dollars(max(0.0, limit - spent))} left today, and this is "
            f"{at_least(wanted)}: the rest waits for the next day (UTC)"
        )


def _pile(rule: FolderRule, settings: Settings, new: Sequence[Plan]) -> Iterator[str]:
    """Say that the brake would close; it counts files that are no jobs yet, also copies of others."""
    number = sum(each.fate in {Fate.SEND, Fate.COPY} for each in new)
    usd = sum(each.usd or 0.0 for each in new)
    files = rule.confirm_above or settings.limits.confirm_above
    most = rule.confirm_above_usd or settings.limits.confirm_above_usd
    if (files is not None and number > files) or (most is not None and usd > most):
        what = f"{number} new files in {rule.name}, {at_least(usd)}"
        yield f"{what}, are a pile that would wait for a person: {approval(rule.name)}"
