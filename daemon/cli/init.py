"""`hotfolder init`: a first configuration with one folder, from a few questions or from options."""

import contextlib
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

_Text = str | None


class Kind(StrEnum):
    """What a folder generates."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder init --task edit-pictures --prompt 'A pencil sketch' --budget 5")(init)


def init(
    directory: Annotated[
        _Text,
        typer.Argument(metavar="DIR", show_default=False, help="Where it is written, with all its folders."),
    ] = None,
    *,
    task: Annotated[
        _Text,
        typer.Option(
            metavar="TASK", show_default=False, help="edit-pictures, animate-pictures or pictures-from-text."
        ),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option(show_default=False, help="What is generated, for another task.")
    ] = None,
    model: Annotated[
        _Text, typer.Option(metavar="ID", show_default=False, help="The model's id in the catalogue.")
    ] = None,
    prompt: Annotated[
        _Text, typer.Option(metavar="TEXT", show_default=False, help="What is to become of each file.")
    ] = None,
    folder: Annotated[
        _Text, typer.Option(metavar="NAME", show_default=False, help="Name of the folder's rule.")
    ] = None,
    inbox: Annotated[
        _Text, typer.Option(metavar="PATH", show_default=False, help="The folder to drop files into.")
    ] = None,
    outbox: Annotated[
        _Text, typer.Option(metavar="PATH", show_default=False, help="The folder for results.")
    ] = None,
    key_file: Annotated[
        _Text,
        typer.Option(
            metavar="FILE", show_default=False, help="A file that holds the API key alone; it stays where it is."
        ),
    ] = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="Store no key, and ask for none.")] = False,
    credential: Annotated[
        bool, typer.Option("--credential", help="Store the key encrypted by systemd-creds, for the service alone.")
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(metavar="USD", min=0, show_default=False, help="USD that may be spent a day; 0: no limit."),
    ] = None,
    confirm_above: Annotated[
        int | None,
        typer.Option(
            metavar="FILES", min=0, show_default=False, help="Files at once that need no approval; 0: any."
        ),
    ] = None,
    service: Annotated[
        bool | None,
        typer.Option("--service/--no-service", show_default=False, help="Set up your service."),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use `hotfolder sandbox`, not the API.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is proposed.")] = False,
) -> int:
    """Write a configuration with one folder, make the folder, and check it all.

    What no option says is asked for at a terminal, else what is proposed is taken. Without DIR it is your own
    configuration, in ~/.config/hotfolder, with folders in ~/Atlas. Nothing that is there is ever overwritten.
    """
    from daemon.cli import dialogue, setup
    from daemon.cli.answers import Answers, Plan
    from daemon.setup import starter, userunit
    from daemon.setup.offers import Offers

    place = os.path.abspath(directory) if directory else starter.own_directory(os.environ)
    starter.refuse_existing(place)
    if service:
        userunit.refuse_root()
    plan = Plan(place, beside=directory is not None, sandbox=sandbox)
    given = Answers(
        task=task,
        kind=kind.value if kind else None,
        model=model,
        folder=folder,
        prompt=prompt,
        inbox=_absolute(inbox),
        outbox=_absolute(outbox),
        key_file=_absolute(key_file),
        no_key=no_key or sandbox,
        credential=credential,
        budget=budget,
        pile=confirm_above,
        service=service,
    )
    with contextlib.closing(Offers(plan.base_url)) as offers:
        if sys.stdin.isatty() and sys.stdout.isatty() and not yes:
            given = dialogue.complete(given, plan, offers)
        wanted = setup.wish_of(given, plan, offers)
        reached = offers.had()
    return setup.finish(given, plan, setup.make(given, plan, wanted), reached=reached)


def _absolute(path: str | None) -> str | None:
    """Let a path that was typed begin where its user stands; in the file it would begin beside that."""
    return path if path is None or path.startswith("~") else os.path.abspath(path)
