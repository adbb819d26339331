"""`hotfolder status`: what is going on, what waits and why."""

import time
from typing import Annotated

import typer

from daemon.cli.options import ConfigOption, JsonOption
from daemon.cli.output import console, print_json, show

#: Seconds between two looks of `--watch`.
_REDRAW = 1.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder status --watch")(status)


def status(
    config: ConfigOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Draw it again every second, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how many jobs stand where, what is held and why."""
    from daemon.cli.open import opened
    from daemon.cli.status_view import view_of

    reach = opened(config)
    if as_json:
        print_json(reach.status())
        return
    if not watch:
        show(view_of(reach.status(), new=not reach.has_table()))
        return
    from rich.live import Live

    with Live(console=console(), auto_refresh=False, screen=console().is_terminal) as live:
        while True:
            live.update(view_of(reach.status(), new=not reach.has_table()), refresh=True)
            time.sleep(_REDRAW)
