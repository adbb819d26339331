"""How jobs are shown to people: a table of many, the story of one."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from daemon.cli.output import local
from daemon.money.amounts import at_least, dollars
from daemon.people.advice import advice, why_it_waits

#: Colours of states; the others have none.
STYLES: Mapping[str, str] = {"done": "green", "failed": "red", "held": "yellow", "cancelled": "bright_black"}

Fields = Mapping[str, Any]


def table_of(jobs: Sequence[Fields]) -> RenderableType:
    """Give a table of jobs, from their `job_fields`."""
    if not jobs:
        return Text("no jobs")
    table = Table(box=None, pad_edge=False)
    table.add_column("id", justify="right", no_wrap=True)
    for name in ("folder", "state", "file", "since", "remark"):
        table.add_column(name, overflow="fold", no_wrap=name in {"state", "since"})
    for job in jobs:
        table.add_row(
            str(job["id"]),
            job["folder"],
            state_text(job["state"]),
            os.path.basename(job["source"]),
            local(job["updated_at"]),
            remark_on(job),
        )
    return table


def state_text(state: str) -> Text:
    """Give a state in its colour."""
    return Text(state, style=STYLES.get(state, ""))


def remark_on(job: Fields) -> str:
    """Say in a few words what matters most about a job."""
    if job["error"]:
        return str(job["error"]["code"])
    if job["waits_for"]:
        return str(job["waits_for"])
    return ", ".join(os.path.basename(path) for path in job["outputs"])


def story_of(job: Fields, status: Fields) -> RenderableType:
    """Give all that is to be known of a job, from its fields with history, and the status of the whole."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True, style="bold")
    facts.add_column(overflow="fold")
    for name, value in _facts(job, status):
        facts.add_row(name, value)
    history = Table(box=None, pad_edge=False)
    for name in ("time", "from", "to", "reason"):
        history.add_column(name, overflow="fold", no_wrap=name != "reason")
    for each in job["history"]:
        history.add_row(local(each["at"]), each["from"] or "", state_text(each["to"]), each["reason"])
    return Group(facts, Text(), history)


def _facts(job: Fields, status: Fields) -> Iterator[tuple[str, RenderableType]]:
    yield "job", str(job["id"])
    yield "folder", job["folder"]
    yield "state", state_text(job["state"])
    if why := why_it_waits(job, status):
        yield "waits for", why
    if job["error"]:
        yield "reason", f"{job['error']['message']} ({job['error']['code']})"
    if todo := advice(job["id"], job["state"], job["error"] and job["error"]["code"], job["prediction_id"]):
        yield "what to do", todo
    yield "file", job["source"]
    if job["lies_at"] != job["source"]:
        yield "is now", job["lies_at"] or "gone"
    yield "size", f"{job['size']} bytes"
    for name, value in _optional(job):
        if value:
            yield name, value


def _optional(job: Fields) -> Iterator[tuple[str, str | None]]:
    yield "SHA-256", job["sha256"]
    yield "model", job["model"]
    yield "prediction", job["prediction_id"]
    yield "request", job["request_id"]
    yield "result of job", job["reused_from_job"] and str(job["reused_from_job"])
    yield "results", "\n".join(job["outputs"])
    yield "failed tries", job["attempts"] and str(job["attempts"])
    yield "cost", _cost(job)


def _cost(job: Fields) -> str | None:
    if job["cost_usd"] is not None:
        return dollars(job["cost_usd"])
    return None if job["estimate_usd"] is None else f"{at_least(job['estimate_usd'])} (an estimate)"
