"""`hotfolder check`: what is wrong with configuration, key, models and folders, before anything is paid."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from daemon.cli.failures import FINE, WRONG_USE
from daemon.cli.options import ConfigOption
from daemon.cli.output import console, counted, say

if TYPE_CHECKING:  # loads what `--help` does without
    from daemon.check import Finding

_STYLES: Mapping[str, str] = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder check --offline")(check)


def check(
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Leave out what needs the API and its key.")] = False,
) -> int:
    """Tell all that is wrong with configuration, key, models and folders.

    It asks the API for the balance, the models and their schemas; nothing is paid.
    """
    from daemon.check import Level, findings_of_file, worst
    from daemon.config import find
    from daemon.names import shown

    path = find(config, os.environ)
    found = findings_of_file(path, os.environ, offline=offline)
    show_findings(found)
    levels = [finding.level for finding in found]
    counts = ", ".join(counted(levels.count(level), level) for level in (Level.FAULT, Level.WARNING))
    say(f"{shown(path)}: {counts}")
    return WRONG_USE if worst(found) is Level.FAULT else FINE


def show_findings(found: Sequence["Finding"]) -> None:
    """Write findings, a line for each."""
    for finding in found:
        mark = Text(f"{finding.level:8}", style=_STYLES[finding.level])
        console().print(mark + Text(f"{finding.key}: {finding.message}"), soft_wrap=True)
