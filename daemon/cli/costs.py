"""`hotfolder costs`: what was spent, by folder, model and day, beside what the API says it charged."""

import os
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from daemon.cli.options import ConfigOption, JsonOption
from daemon.cli.output import print_json, remark, show


class By(StrEnum):
    """What to add up by."""

    FOLDER = "folder"
    MODEL = "model"
    DAY = "day"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder costs --days 7 --by model")(costs)


def costs(
    config: ConfigOption = None,
    days: Annotated[int, typer.Option(min=1, max=180, help="How many days (UTC), up to today.")] = 30,
    by: Annotated[By | None, typer.Option(help="Only this table; default: all three.", show_default=False)] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave out what the API says that it charged.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what was spent, by folder, model and day.

    Amounts are floors where the API has not told the cost; what it charged by day and model stands beside them.
    """
    from daemon.cli.open import opened
    from daemon.reports import outlook

    found = outlook.costs(opened(config), os.environ, days=days, offline=offline)
    if as_json:
        print_json(found)
        return
    show(Text(f"From {found['from']} to {found['to']} (UTC), in USD:"))
    for each in [by] if by is not None else list(By):
        show(Text(), _table(each, found))
    if found["api_trouble"]:
        remark(f"What the API charged is not known. {found['api_trouble']}")
    if found["total"]["without_price"]:
        remark(f"{found['total']['without_price']} payment(s) have no known price and count nothing here.")


def _table(by: By, found: dict[str, Any]) -> Table:
    charged = by is not By.FOLDER and found["total"]["charged_usd"] is not None
    table = Table(box=None, pad_edge=False)
    table.add_column(by, overflow="fold")
    names = ["payments", "at least", *(["API charged", "difference"] if charged else [])]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    rows = [*found[f"by_{by}"], {by: "total", **found["total"]}]
    for row in rows:
        cells = [str(row["payments"]), _usd(row["at_least_usd"])]
        if charged:
            cells += [_usd(row["charged_usd"]), f"{row['difference_usd']:+,.2f}"]
        table.add_row(row[by] or "(no model)", *cells)
    return table


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"
