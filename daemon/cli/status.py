"""`hotfolder status`: what is going on, what waits and why."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, NoReturn

import typer
from rich.console import RenderableType
from rich.live import Live

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

    def view() -> RenderableType:
        return view_of(reach.status(), new=not reach.has_table())

    if watch:
        _redraw(view)
    show(view())


def _redraw(view: Callable[[], RenderableType]) -> NoReturn:
    """Draw again and again: in place on a terminal, else one below the other."""
    screen = console()
    with Live(console=screen, auto_refresh=False, screen=True) if screen.is_terminal else nullcontext() as live:
        while True:
            live.update(view(), refresh=True) if live else show(view())
            time.sleep(_REDRAW)
