"""The command `hotfolder`: puts the commands together, runs one, turns what it raised into an exit code."""

import io
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from daemon import __version__
from daemon.cli import change, check, costs, demo, init, jobs, models, notify, page, run, sandbox, status, try_file
from daemon.cli.failures import FINE, INTERRUPTED, report
from daemon.cli.output import say

app = typer.Typer(
    name="hotfolder",
    add_completion=False,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: hotfolder demo",
)
for _module in (demo, run, check, status, page, jobs, costs, change, try_file, models, notify, sandbox, init):
    _module.register(app)


@app.callback()
def _hotfolder(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is, and end.")] = False,
) -> None:
    """Drop a file into a folder; its generated image, video or sound appears in another."""
    if version:
        say(f"hotfolder {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> NoReturn:
    """Run the command that the process was started with, and end the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal need not know every character
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: Sequence[str]) -> int:
    """Run a command; give its exit code. Commands return theirs, None for 0."""
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="hotfolder", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a line and no traceback
        return report(error)
    return code if isinstance(code, int) else FINE
