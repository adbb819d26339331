"""`hotfolder try`: one file through a folder's rule, wherever it lies."""

import contextlib
import os
from typing import Annotated

import typer

from daemon.cli.failures import FAILED, FINE
from daemon.cli.options import ConfigOption
from daemon.cli.output import console, remark, say
from daemon.people.advice import advice


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("try", epilog="Example: hotfolder try cat.jpg --folder oil-painting")(try_file)


def try_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="The file; it is left as it is.")
    ],
    folder: Annotated[
        str, typer.Option("--folder", metavar="NAME", show_default=False, help="The folder whose rule is tried.")
    ],
    config: ConfigOption = None,
) -> int:
    """Put one file through a folder's rule and wait for the result.

    The file may lie anywhere and stays there. With the real API this is paid like any other job.
    """
    from daemon.cli import logs
    from daemon.cli.open import opened
    from daemon.cli.progress import JobProgress
    from daemon.config import load
    from daemon.names import shown
    from daemon.states import State

    logs.only_warnings()
    reach = opened(config)
    steps = reach.attempt(file, folder, lambda: load(config, os.environ, need_key=True))
    job = None
    with contextlib.closing(steps), JobProgress(console(stderr=True)) as progress:
        for job in steps:
            progress.show([job])
    if job is not None and job.state is State.DONE:
        say(*(shown(path) for path in job.outputs))
        return FINE
    if job is not None:
        remark(f"job {job.id} is {job.state}: {job.error_message or 'no reason was recorded'}")
        remark(advice(job.id, job.state, job.error_code, job.prediction_id) or "")
    return FAILED
