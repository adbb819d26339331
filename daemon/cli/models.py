"""`hotfolder models`: what the API offers, what it costs at least, and what requests may hold."""

import os
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from daemon.cli.options import ConfigOption, JsonOption
from daemon.cli.output import listed as with_commas
from daemon.cli.output import print_json, remark, say, show

_SHOWN = 30


class Kind(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder models image-to-video --type video")(models)


def models(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORDS]...", show_default=False, help="Only models that have all of these words."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--type", show_default=False, help="Only models that make this.")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the API, even if the list is new.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"At most so many; default: {_SHOWN}, with --json all.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue of models: id, type, price, input fields. Needs no key and no configuration.

    A price is a floor: what is charged depends on size, quality and duration. The list is kept for a day.
    """
    from daemon.catalogue.models import listed, model_fields
    from daemon.config import api_and_state

    base_url, state_dir = api_and_state(config, os.environ)
    most = limit if limit is not None or as_json else _SHOWN
    found = listed(base_url, state_dir, words or [], kind=kind, limit=most, refresh=refresh)
    if found.age is not None:
        remark(f"{found.trouble or ''} The list is {_ago(found.age)} old; --refresh asks for a new one.".strip())
    if as_json:
        print_json([model_fields(model, schema) for model, schema in found.models])
    elif not found.models:
        say("no model has these words")
    else:
        show(_table([model_fields(model, schema) for model, schema in found.models]))
        if len(found.models) == most:
            say(f"The first {most}; --limit shows more.")


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "type", "price", "input fields (* has to be there)"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(str(row["id"]), str(row["type"]), _price(row), _fields(row))
    return table


def _price(row: dict[str, object]) -> str:
    if row["price_usd"] is None:
        return ""
    return f"from ${row['price_usd']:g}" + (f" per {row['price_unit']}" if row["price_unit"] else "")


def _fields(row: dict[str, object]) -> str:
    fields = row["fields"]
    if not isinstance(fields, list):
        return "not known"
    return with_commas(f"{field['name']}{'*' if field['required'] else ''}" for field in fields)


def _ago(seconds: float) -> str:
    """Give "5 minutes", "3 hours", "2 days"."""
    for size, name in ((86400, "day"), (3600, "hour")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}s"
    return f"{max(1, round(seconds / 60))} min"
