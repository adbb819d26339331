"""How `run --dry-run` is shown: each file with what would become of it, sums, and what stands in the way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from daemon.cli.failures import FINE
from daemon.cli.output import counted, print_json, say, show
from daemon.money.amounts import at_least

if TYPE_CHECKING:
    from daemon.reports.dryrun import Plan

#: So many files of each folder are named; the sums are always whole.
_NAMED = 50


def show_plans(config: str | None, *, as_json: bool) -> int:
    """Show what would be sent for what lies in the inboxes; give the exit code."""
    from daemon.cli.open import opened
    from daemon.reports import outlook

    files, sums = outlook.plans(opened(config))
    if as_json:
        print_json({"files": [each.as_json() for each in files], **sums})
        return FINE
    for folder, row in sums["folders"].items():
        own = [each for each in files if each.folder == folder]
        show(Text(f"{folder}: {_sum(row)}", style="bold"))
        if own:
            show(_table(own[:_NAMED]))
        if len(own) > _NAMED:
            say(f"… and {len(own) - _NAMED} more; --json gives all")
    say("", f"In all: {_sum(sums['total'])}. Nothing was sent.", *(f"Note: {each}." for each in sums["notes"]))
    return FINE


def _sum(row: dict[str, Any]) -> str:
    others = [f"{row[fate]} {words}" for fate, words in _OTHERS.items() if row[fate]]
    return ", ".join([f"{counted(row['send'], 'file')} to send, {at_least(row['at_least_usd'])}", *others])


_OTHERS = {
    "copy": "equal to another",
    "job": "known already",
    "wait": "not whole yet",
    "refuse": "refused",
    "leave": "left alone",
}


def _table(files: "Sequence[Plan]") -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for each in files:
        shown = each.as_json()
        price = "" if each.fate != "send" else "price not known" if each.usd is None else at_least(each.usd)
        table.add_row(f"  {shown['source']}", price or str(each.fate), each.note or _request(each))
    return table


def _request(plan: "Plan") -> str:
    fields = ", ".join(f"{name} = {value!r}" for name, value in (plan.request or {}).items() if name != "model")
    model = (plan.request or {}).get("model", "")
    return f"{plan.kind}: {model}" + (f", {fields}" if fields else "")
