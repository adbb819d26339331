"""`hotfolder init`: a first configuration with one folder."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from daemon.cli.output import say


class Kind(StrEnum):
    """What a folder generates."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


_Text = str | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder init --name sketches --prompt 'A pencil sketch'")(init)


def init(
    directory: Annotated[
        _Text,
        typer.Argument(metavar="[DIR]", show_default=False, help="Where it is written, with all its folders."),
    ] = None,
    name: Annotated[_Text, typer.Option(show_default=False, help="Name of the folder's rule.")] = None,
    inbox: Annotated[_Text, typer.Option(show_default=False, help="The folder to drop files into.")] = None,
    outbox: Annotated[_Text, typer.Option(show_default=False, help="The folder for results.")] = None,
    kind: Annotated[Kind, typer.Option(help="What is generated.")] = Kind.IMAGE,
    model: Annotated[_Text, typer.Option(show_default=False, help="The model's id in the catalogue.")] = None,
    prompt: Annotated[_Text, typer.Option(show_default=False, help="What is to become of each file.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Write a configuration with one folder, and make the folder.

    Without DIR it is your own configuration, in ~/.config/hotfolder, with folders in ~/Atlas.
    Nothing that is there is ever overwritten.
    """
    from daemon import starter

    place = os.path.abspath(directory) if directory else starter.own_directory(os.environ)
    starter.refuse_existing(place)
    if sys.stdin.isatty() and not yes and not any((name, inbox, outbox, model, prompt)):
        proposed = starter.wish(kind=kind, beside=directory is not None)
        name = typer.prompt("Name of the folder", proposed.name)
        prompt = typer.prompt("What is to become of each file (the prompt)", proposed.prompt)
    wanted = starter.wish(
        kind=kind,
        beside=directory is not None,
        name=name,
        inbox=_absolute(inbox),
        outbox=_absolute(outbox),
        model=model,
        prompt=prompt,
    )
    settings = starter.create(place, wanted, os.environ)
    rule = settings.folders[wanted.name]
    path = os.path.join(place, starter.NAME)
    _tell_next_steps(path, rule.inbox, rule.outbox, option=f" --config {path}" if directory else "")


def _absolute(path: str | None) -> str | None:
    """Let a path that was typed begin where its user stands; in the file it would begin beside that."""
    return path if path is None or path.startswith("~") else os.path.abspath(path)


def _tell_next_steps(path: str, inbox: str, outbox: str, *, option: str) -> None:
    from daemon.names import shown

    say(
        f"Written: {shown(path)}",
        "What is next:",
        "  export ATLASCLOUD_API_KEY=…    your key; or `hotfolder sandbox` for a try without one",
        f"  hotfolder check{option}    tells whether all is well",
        f"  hotfolder run{option}",
        f"Then drop files into {shown(inbox)}; results appear in {shown(outbox)}.",
    )
