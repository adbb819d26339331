"""`retry`, `attach`, `cancel`, `pause`, `resume`, `approve`: what a person does to jobs."""

from typing import Annotated

import typer

from daemon.cli.options import ConfigOption, FolderNames, JobIds
from daemon.cli.output import remark, say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: hotfolder retry 12 13")(retry)
    app.command(epilog="Example: hotfolder attach 12 0f3c9f5e2a")(attach)
    app.command(epilog="Example: hotfolder cancel 12")(cancel)
    app.command(epilog="Example: hotfolder pause oil-painting")(pause)
    app.command(epilog="Example: hotfolder resume")(resume)
    app.command(epilog="Example: hotfolder approve oil-painting")(approve)


def retry(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", show_default=False, help="Numbers of jobs.")
    ] = None,
    config: ConfigOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed.")] = False,
    held: Annotated[bool, typer.Option("--held", help="All that are held.")] = False,
    pay_again: Annotated[
        bool, typer.Option("--pay-again", help="Also where that may be paid a second time.")
    ] = False,
) -> None:
    """Send jobs on from where they stood."""
    from daemon.cli.open import opened
    from daemon.errors import Refused

    if not (ids or failed or held):
        raise Refused("which jobs? Name their numbers, or --failed or --held")
    done = opened(config).retry(ids or [], failed=failed, held=held, pay_again=pay_again)
    _tell(done.lines or ["there are no such jobs"], by_daemon=done.by_daemon)


def attach(
    job_id: Annotated[int, typer.Argument(metavar="ID", show_default=False, help="Number of the job.")],
    prediction: Annotated[
        str, typer.Argument(metavar="PREDICTION", show_default=False, help="Id of the prediction.")
    ],
    config: ConfigOption = None,
) -> None:
    """Give a job of unknown outcome the prediction that you found for it."""
    from daemon.cli.open import opened

    done = opened(config).attach(job_id, prediction)
    _tell(done.lines, by_daemon=done.by_daemon)


def cancel(
    ids: JobIds,
    config: ConfigOption = None,
    forget_paid: Annotated[
        bool, typer.Option("--forget-paid", help="Also where a prediction is paid; its id stays in the record.")
    ] = False,
) -> None:
    """Drop jobs; their files go to failed/."""
    from daemon.cli.open import opened

    done = opened(config).cancel(ids, forget_paid=forget_paid)
    _tell(done.lines, by_daemon=done.by_daemon)


def pause(folders: FolderNames = None, config: ConfigOption = None) -> None:
    """Stop spending now, in these folders or in all.

    What is in flight is still fetched. A pause survives a restart.
    """
    from daemon.cli.open import opened

    done = opened(config).pause(folders or [])
    _tell(done.lines, by_daemon=True)


def resume(folders: FolderNames = None, config: ConfigOption = None) -> None:
    """End pauses, of these folders or of all."""
    from daemon.cli.open import opened

    done = opened(config).resume(folders or [])
    _tell(done.lines, by_daemon=done.by_daemon)


def approve(
    folders: Annotated[
        list[str], typer.Argument(metavar="FOLDER...", show_default=False, help="Names of folders.")
    ],
    config: ConfigOption = None,
) -> None:
    """Let a pile go that waits for a person, because more files came at once than the rule lets go by itself.

    `hotfolder status` says how many files wait and what they cost at least. What comes later is counted anew.
    """
    from daemon.cli.open import opened

    done = opened(config).approve(folders)
    _tell(done.lines, by_daemon=done.by_daemon)


def _tell(lines: list[str], *, by_daemon: bool) -> None:
    say(*lines)
    if not by_daemon:
        remark("No daemon runs just now; `hotfolder run` goes on with it.")
