"""What is going on, as plain data: counts by folder and state, what waits and why, the daemon's health."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon.clock import timestamp
from daemon.config import Settings
from daemon.gates.gate import Gate
from daemon.names import shown
from daemon.states import Job, State, Transition
from daemon.table.queries import Queries

#: Held jobs are listed one by one up to this number; their count is always whole.
_LISTED = 50

#: Gives what each folder spent today, in USD; may raise DBAPIError.
Spent = Callable[[], Mapping[str, float]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inboxes:
    """What only the running daemon knows, by folder: why an inbox is absent, and its files that are no jobs."""

    absent: Mapping[str, str] = field(default_factory=dict)
    unmatched: Mapping[str, list[str]] = field(default_factory=dict)
    unfinished: Mapping[str, list[str]] = field(default_factory=dict)


def job_fields(job: Job) -> dict[str, Any]:
    """Give a job as `jobs --json` and `show --json` print it."""
    import base64

    source = {"source": shown(job.source)}
    if not _is_text(job.source):
        source["source_b64"] = base64.b64encode(job.source.encode("utf-8", "surrogateescape")).decode()
    error = None
    if job.error_code is not None:
        error = {"code": job.error_code, "message": job.error_message}
    return {
        "id": job.id,
        "folder": job.folder,
        "state": str(job.state),
        **source,
        "lies_at": None if job.lies_at is None else shown(job.lies_at),
        "sha256": job.sha256,
        "size": job.size,
        "model": job.model,
        "prediction_id": job.prediction_id,
        "request_id": job.request_id,
        "outputs": [shown(path) for path in job.outputs],
        "reused_from_job": job.twin_of,
        "attempts": job.attempts,
        "polls": job.polls,
        "error": error,
        "waits_for": job.waits_for,
        "cost_usd": job.cost_usd,
        "estimate_usd": job.estimate_usd if job.cost_usd is None else None,
        "created_at": timestamp(job.created_at),
        "updated_at": timestamp(job.updated_at),
        "submitted_at": timestamp(job.submitted_at),
        "finished_at": timestamp(job.finished_at),
    }


def history_fields(step: Transition) -> dict[str, Any]:
    """Give one line of a job's history as `show --json` prints it."""
    return {
        "at": timestamp(step.at),
        "from": None if step.before is None else str(step.before),
        "to": str(step.after),
        "reason": step.reason,
    }


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def collect(
    queries: Queries,
    settings: Settings,
    *,
    gates: list[Gate],
    inboxes: Inboxes,
    spent: Spent,
    daemon: Mapping[str, Any],
) -> dict[str, Any]:
    """Give all that `hotfolder status --json` prints; `spent` gives what each folder spent today (USD, UTC)."""
    counts, today = dict(queries.counts), _known(spent)
    return {
        "daemon": dict(daemon),
        "table": queries.url,
        "folders": _folders(counts, settings, gates, inboxes, today or {}),
        "total": _total(counts),
        "gates": [_gate_fields(gate) for gate in gates],
        "held": _held(queries),
        **_money(settings, today, _unpriced(queries)),
    }


def _unpriced(queries: Queries) -> int:
    try:
        return queries.unpriced_today()
    except DBAPIError as error:
        log.debug("the job table can't be read: %s", error.orig)
        return 0


def _known(spent: Spent) -> Mapping[str, float] | None:
    try:
        return spent()
    except DBAPIError as error:
        log.debug("the job table can't be read: %s", error.orig)
        return None


def _held(queries: Queries) -> list[dict[str, Any]]:
    """Give what is held; a table that can't be read must not keep back the rest, which says why."""
    try:
        return [_held_fields(job) for job in queries.listed(state=State.HELD, limit=_LISTED)]
    except DBAPIError as error:
        log.debug("the job table can't be read: %s", error.orig)
        return []


def _money(settings: Settings, spent: Mapping[str, float] | None, unpriced: int) -> dict[str, Any]:
    """Give what was spent today in USD, a floor (None: not known), what that leaves out, and what may be."""
    return {
        "spend_today_usd": None if spent is None else _rounded(sum(spent.values())),
        "unpriced_today": unpriced,
        "daily_budget_usd": settings.limits.daily_budget_usd,
    }


def _rounded(usd: float) -> float:
    return round(usd, 6)


def nothing_yet(settings: Settings, url: str, daemon: Mapping[str, Any]) -> dict[str, Any]:
    """Give the same as `collect` where there is no job table yet, because no daemon has ever run."""
    return {
        "daemon": dict(daemon),
        "table": url,
        "folders": _folders({}, settings, [], Inboxes(), {}),
        "total": _total({}),
        "gates": [],
        "held": [],
        **_money(settings, {}, 0),
    }


_Counts = Mapping[tuple[str, State], int]


def _total(counts: _Counts) -> dict[str, int]:
    return {str(state): sum(n for (_, at), n in counts.items() if at is state) for state in State}


def _folders(
    counts: _Counts,
    settings: Settings,
    gates: list[Gate],
    inboxes: Inboxes,
    spent: Mapping[str, float],
) -> dict[str, Any]:
    names = dict.fromkeys([*settings.folders, *(folder for folder, _ in counts)])
    folders = {}
    for name in names:
        folders[name] = {
            "states": {str(state): counts[name, state] for state in State if counts.get((name, state))},
            "configured": name in settings.folders,
            "absent": inboxes.absent.get(name),
            "unmatched": [shown(path) for path in inboxes.unmatched.get(name, [])],
            "unfinished": [shown(path) for path in inboxes.unfinished.get(name, [])],
            "spend_today_usd": _rounded(spent.get(name, 0.0)),
            "daily_budget_usd": rule.daily_budget_usd if (rule := settings.folders.get(name)) else None,
            "waits_for": [gate.reason for gate in gates if gate.scope in {"", name}],
        }
    return folders


def _gate_fields(gate: Gate) -> dict[str, Any]:
    return {
        "code": gate.code,
        "folder": gate.scope or None,
        "reason": gate.reason,
        "since": timestamp(gate.since),
        "next_probe": timestamp(gate.probe_at),
    }


def _held_fields(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "folder": job.folder,
        "source": shown(job.source),
        "code": job.error_code,
        "message": job.error_message,
        "prediction_id": job.prediction_id,
    }


def in_figures(status: Mapping[str, Any]) -> str:
    """Say how many jobs stand where: "3 queued, 1 under way, 20 done"."""
    total: Mapping[str, int] = status["total"]
    moving = sum(total[state] for state in ("uploading", "uploaded", "submitting", "processing", "downloading"))
    parts = [f"{total['queued']} queued", f"{moving} under way", f"{total['done']} done"]
    parts += [f"{total[state]} {state}" for state in ("failed", "held") if total[state]]
    return ", ".join(parts)


def headline(counts: _Counts, gates: list[Gate], absent: Mapping[str, str]) -> str:
    """Give the state of things in one line, as systemd shows it; `absent`: folders, and why theirs can't be used.

    It is told every few seconds, so it is made of what is in memory, whatever the table holds.
    """
    reasons = dict.fromkeys(gate.reason.rstrip(".") for gate in gates)
    reasons |= dict.fromkeys(f"{name}: {why}" for name, why in absent.items())
    return "; ".join([in_figures({"total": _total(counts)}), *reasons])
