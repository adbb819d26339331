"""`hotfolder page`: opens the page that the running daemon serves."""

import os
from typing import Annotated

import typer

from daemon.cli.options import ConfigOption
from daemon.cli.output import remark, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder page --print")(page)


def page(
    config: ConfigOption = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Only print the address, for a browser of your choice.")
    ] = False,
) -> None:
    """Open the page: what the daemon does, and every job with its pictures.

    The address works once, within two minutes; the browser then keeps a cookie.
    """
    from daemon.cli.open import opened

    address = opened(config).page()
    say(address)
    if not (only_print or _shown(address)):
        remark("No browser could be opened here; open the address yourself, within two minutes.")


def _shown(address: str) -> bool:
    """Open a browser that has a screen to show it on; tell whether there was one."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")):
        return False  # else a browser for terminals would take over this one
    import webbrowser

    return webbrowser.open(address)
