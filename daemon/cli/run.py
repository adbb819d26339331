"""`hotfolder run`: the daemon, in the foreground."""

import os
from typing import Annotated, Literal

import typer

from daemon.cli.options import ConfigOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder run --once")(run)


def run(
    config: ConfigOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Finish what is there and end; 1 if anything failed or still waits.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent and what it would cost; send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: write JSON, for programs.")] = False,
    log_format: Annotated[
        Literal["text", "json"] | None,
        typer.Option(
            "--log-format",
            show_default=False,
            help="How the log is written; else as the configuration says.",
        ),
    ] = None,
) -> int:
    """Run the daemon in the foreground, until a signal stops it.

    On SIGHUP it reads its configuration again.
    """
    from daemon.cli import logs
    from daemon.cli.dry_run import show_plans
    from daemon.config import Settings, find, load
    from daemon.errors import Refused
    from daemon.service import foreground
    from daemon.service.service import Service

    if dry_run:
        return show_plans(config, as_json=as_json)
    if as_json:
        raise Refused("--json goes with --dry-run; the log is written as JSON with --log-format json")
    path = find(config, os.environ)

    def read() -> Settings:
        settings = load(path, os.environ, need_key=True)
        level = "debug" if verbose else settings.logs.level
        logs.set_up(os.environ, level=level, form=log_format or settings.logs.format)
        return settings

    return foreground.run(Service(read(), load=read), once=once)
