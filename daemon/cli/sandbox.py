"""`hotfolder sandbox`: the local stand-in for the API, in the foreground."""

from typing import Annotated

import typer

from daemon.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder sandbox --latency 0.2 --predict-seconds 3")(sandbox)


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 8459,
    latency: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Added to each call.")] = 0.0,
    predict_seconds: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long a prediction takes.")
    ] = 1.0,
) -> None:
    """Stand in for the API on this machine, until Ctrl-C.

    No account, no key, nothing is paid. It changes pictures by the words of the prompt.
    What it was asked is at /sandbox/journal.
    """
    from daemon.errors import HotfolderError
    from daemon.sandbox.server import serve

    try:
        serve(port, announce=_announce, latency=latency, predict_seconds=predict_seconds)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise HotfolderError(f"hotfolder: port {port} can't be had ({reason}); name another with --port") from None


def _announce(url: str) -> None:
    say(f"The sandbox listens on {url}; Ctrl-C ends it. To use it, in another terminal:", "")
    say(f"export ATLASCLOUD_BASE_URL={url}", "export ATLASCLOUD_API_KEY=sandbox", "hotfolder run")
