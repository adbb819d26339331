"""How the state of things is shown to people."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from daemon.cli.jobs_view import STYLES
from daemon.cli.output import counted, local
from daemon.money.amounts import at_least, dollars
from daemon.people.advice import advice

#: So many files that no rule takes are named for each folder.
_NAMED = 5
#: States that have a column even while no job is in them.
_ALWAYS = ("queued", "processing", "done", "failed", "held")

Fields = Mapping[str, Any]


def view_of(status: Fields, *, new: bool) -> RenderableType:
    """Give what `status` shows, from what `status --json` prints; `new`: there is no job table yet."""
    parts: list[RenderableType] = [_daemon(status["daemon"]), *_page(status["daemon"]["page"])]
    if new:
        parts.append(Text("Nothing has run yet: there is no job table. `hotfolder run` makes it."))
    parts += [Text(), _folders(status)]
    for block in (list(_gates(status)), list(_held(status)), list(_left_alone(status))):
        if block:
            parts += [Text(), *block]
    parts += [Text(), *_money(status)]
    return Group(*parts)


def _daemon(daemon: Fields) -> Text:
    if not daemon["running"]:
        return Text("The daemon is not running.", style="yellow")
    return Text(f"The daemon runs (process {daemon['pid']}, since {local(daemon['started_at'])}).", style="green")


def _page(page: Fields) -> Iterator[Text]:
    """Say where the page is, or why it can't be had; nothing where nobody wants it."""
    if page["address"]:
        yield Text(f"The page is at {page['address']}; `hotfolder page` opens it.")
    elif page["trouble"]:
        yield Text(f"The page can't be served: {page['trouble']}.", style="yellow")


def _folders(status: Fields) -> Table:
    total: Mapping[str, int] = status["total"]
    states = [state for state in total if total[state] or state in _ALWAYS]
    table = Table(box=None, pad_edge=False)
    table.add_column("folder", overflow="fold")
    for state in states:
        table.add_column(state, justify="right", no_wrap=True, style=STYLES.get(state, ""))
    table.add_column("remark", overflow="fold")
    for name, folder in status["folders"].items():
        counts = [str(folder["states"].get(state, "") or "") for state in states]
        table.add_row(name, *counts, _remark(folder))
    return table


def _remark(folder: Fields) -> str:
    words = [] if folder["configured"] else ["no longer configured"]
    return "; ".join(words + ([folder["absent"]] if folder["absent"] else []))


def _money(status: Fields) -> Iterator[RenderableType]:
    """Say what was spent today, and what of which budget that is."""
    spent = status["spend_today_usd"]
    known = "not known, as the job table can't be read" if spent is None else at_least(spent)
    unpriced = status["unpriced_today"]
    words = f"; beside that {unpriced} sent at a price that is not known, which no budget counts"
    yield Text(f"spent today (UTC): {known}{_of_budget(status)}{words if unpriced else ''}")
    if balance := status["daemon"].get("balance"):
        yield Text(f"balance: {dollars(balance['usd'])}, as of {local(balance['asked_at'])}")
    for name, folder in status["folders"].items():
        if folder["daily_budget_usd"] is not None:
            yield _indented(f"{name}: {at_least(folder['spend_today_usd'])}{_of_budget(folder)}", 2)


def _of_budget(fields: Fields) -> str:
    budget = fields["daily_budget_usd"]
    return "" if budget is None else f", of {dollars(budget)}"


def _gates(status: Fields) -> Iterator[RenderableType]:
    if status["gates"]:
        yield Text("Stopped:", style="bold")
    for gate in status["gates"]:
        looks = f", looks again at {local(gate['next_probe'])}" if gate["next_probe"] else ""
        if gate["code"] == "budget":
            looks = ""
        if gate["code"] == "pause":
            looks = f"; `hotfolder resume{' ' + gate['folder'] if gate['folder'] else ''}` goes on"
        yield _indented(f"{gate['reason'].rstrip('.')}, since {local(gate['since'])}{looks}", 2)


def _held(status: Fields) -> Iterator[RenderableType]:
    total, jobs = status["total"]["held"], status["held"]
    if total:
        yield Text(f"Held ({counted(total, 'job')}):", style="bold yellow")
    for job in jobs:
        name = os.path.basename(job["source"])
        yield _indented(f"{job['id']}  {job['folder']}  {name}: {job['message']} ({job['code']})", 2)
        yield _indented(advice(job["id"], "held", job["code"]) or "", 6)
    if total > len(jobs):
        yield _indented(f"… and {total - len(jobs)} more: `hotfolder jobs --state held`", 2)


def _left_alone(status: Fields) -> Iterator[RenderableType]:
    """Name the files in inboxes that are no jobs: those that are not whole yet, and those that no rule takes."""
    for key, title in (
        ("unfinished", "Files that end early so far; each waits for its rest:"),
        ("unmatched", "Files that no rule takes; they stay where they are:"),
    ):
        folders = {name: folder[key] for name, folder in status["folders"].items() if folder[key]}
        if folders:
            yield Text(title, style="bold")
        for name, paths in folders.items():
            names = ", ".join(os.path.basename(path) for path in paths[:_NAMED])
            more = f" … and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
            yield _indented(f"{name}: {names}{more}", 2)


def _indented(text: str, columns: int) -> RenderableType:
    from rich.padding import Padding

    return Padding(Text(text, overflow="fold"), (0, 0, 0, columns), expand=False)
