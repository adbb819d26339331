"""Options that several commands share."""

from typing import Annotated

import typer

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="The configuration; else $HOTFOLDER_CONFIG, your own, or the one in /etc/hotfolder.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
JobIds = Annotated[list[int], typer.Argument(metavar="ID...", show_default=False, help="Numbers of jobs.")]
FolderNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FOLDER]...", show_default=False, help="Names of folders; default: all."),
]
