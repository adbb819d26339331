"""`hotfolder demo`: the whole way of sample files, with no account and no key."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from daemon.cli.failures import FAILED, FINE
from daemon.cli.output import console, program, remark, say
from daemon.names import shown
from daemon.states import Job, State

_DIRECTORY = "hotfolder-demo"
#: Seconds for all results; the sandbox needs a few.
_PATIENCE = 180.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder demo --keep-running")(demo)


def demo(
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Go on until Ctrl-C, so that you can drop files of your own.")
    ] = False,
) -> int:
    """Show the whole way of a file, against a local stand-in for the API.

    No account, no key, no network. Everything is in ./hotfolder-demo, to be looked at and thrown away.
    """
    from daemon.cli import logs
    from daemon.cli.progress import JobProgress
    from daemon.setup.demo import Demo

    logs.only_warnings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as with Ctrl-C, so that it cleans up
    with Demo(_DIRECTORY) as running:
        sources = running.drop()
        _tell_page(running.page())
        say(f"Dropped {len(sources)} files into {_DIRECTORY}/inbox; each goes through its folder's rule:")
        jobs: list[Job] = []
        with JobProgress(console()) as progress:
            for jobs in running.follow(sources, _PATIENCE):
                progress.show(jobs)
        fine = _tell_results(jobs, sources)
        if keep_running:
            _tell_page(running.page())
            _play(running.jobs)
    _tell_next_steps()
    return FINE if fine else FAILED


def _tell_page(address: str | None) -> None:
    if address is not None:
        say("", "The page with all jobs, while this runs (the address works once, within two minutes):")
        say(f"  {address}", "")


def _tell_results(jobs: Sequence[Job], sources: Sequence[str]) -> bool:
    """Say where the results are, and what went wrong; tell whether every file has its result."""
    say("", "The results:", *(f"  {_short(path)}" for job in jobs for path in job.outputs))
    for job in jobs:
        if job.state is not State.DONE:
            remark(
                f"{shown(job.name)} is {job.state}: {job.error_message or job.waits_for or 'not ready in time'}"
            )
    return {job.source for job in jobs if job.state is State.DONE}.issuperset(sources)


def _play(jobs: Callable[[], list[Job]]) -> None:
    """Go on showing new jobs until Ctrl-C."""
    from daemon.cli.progress import JobProgress

    try:
        say("", f"Drop files of your own into the folders in {_DIRECTORY}/inbox. Ctrl-C ends this.")
        seen = {job.id for job in jobs()}
        with JobProgress(console()) as progress:
            while True:
                progress.show(job for job in jobs() if job.id not in seen)
                time.sleep(0.2)
    except KeyboardInterrupt:
        return


def _tell_next_steps() -> None:
    say(
        "",
        f"Beside each result lies its record (.json), the sources are in {_DIRECTORY}/inbox/*/done.",
        f"The rules are in {_DIRECTORY}/hotfolder.toml. To see what the daemon keeps about the files:",
        f"  {program()} jobs --config {_DIRECTORY}/hotfolder.toml",
        f"For files of your own: `{program()} demo --keep-running`. With a key: `{program()} init`.",
    )


def _short(path: str) -> str:
    return shown(os.path.relpath(path))
