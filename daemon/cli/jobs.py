"""`hotfolder jobs` and `hotfolder show`: what is in the job table."""

from typing import Annotated

import typer

from daemon.cli.options import ConfigOption, JsonOption
from daemon.cli.output import print_json, say, show
from daemon.states import State

_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: hotfolder jobs --state held")(jobs)
    app.command("show", epilog="Example: hotfolder show 12")(show_job)


def jobs(
    config: ConfigOption = None,
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.", show_default=False)] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only jobs of this folder.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"At most so many; default: {_SHOWN}, with --json all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    from daemon.cli.jobs_view import table_of
    from daemon.cli.open import opened
    from daemon.errors import Refused
    from daemon.people.status import job_fields

    reach = opened(config)
    known = {None, *reach.settings.folders}
    if not reach.has_table():
        print_json([]) if as_json else say("no jobs: nothing has run yet")
        return
    most = limit if limit is not None or as_json else _SHOWN
    with reach.queries() as queries:
        if folder not in known | {at for at, _ in queries.counts}:  # one that is no longer configured has its jobs
            raise Refused(f"there is no folder {folder!r} in the configuration, and no job of one")
        found = queries.listed(state=state, folder=folder, limit=most)
        if as_json:
            print_json([job_fields(job) for job in found])
            return
        total = sum(
            count
            for (at, in_state), count in queries.counts.items()
            if state in {None, in_state} and folder in {None, at}
        )
    show(table_of([job_fields(job) for job in found]))
    if len(found) < total:
        say(f"{len(found)} of {total} jobs; --limit shows more")


def show_job(
    job_id: Annotated[int, typer.Argument(metavar="ID", show_default=False, help="Number of the job.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one job: why it waits, what to do about it, its history."""
    from daemon.cli.jobs_view import story_of
    from daemon.cli.open import opened
    from daemon.errors import Refused
    from daemon.people.status import history_fields, job_fields

    reach = opened(config)
    with reach.queries() as queries:
        job = queries.find(job_id)
        if job is None:
            raise Refused(f"there is no job {job_id}")
        fields = {**job_fields(job), "history": [history_fields(each) for each in queries.history(job_id)]}
    if as_json:
        print_json(fields)
        return
    show(story_of(fields, reach.status()))
