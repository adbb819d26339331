"""`hotfolder notify`: a message to every configured address, to see that messages arrive."""

import os

import typer

from daemon.cli.options import ConfigOption
from daemon.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: hotfolder notify")(notify)


def notify(config: ConfigOption = None) -> int:
    """Send a test message to every configured address, and say which took it."""
    import socket

    from daemon.cli.failures import FAILED, FINE
    from daemon.config import load
    from daemon.errors import Refused
    from daemon.notify.addresses import Address
    from daemon.notify.words import trial

    urls = load(config, os.environ, need_key=True).notify.urls
    if not urls:
        raise Refused(
            "no address is configured: write urls or urls_file under [notify], or set $HOTFOLDER_NOTIFY_URLS"
        )
    missed = 0
    for number, url in enumerate(urls, 1):
        try:
            address = Address(url.get_secret_value(), number)
        except ValueError as error:
            say(f"notify.urls: {error}")
            missed += 1
            continue
        took = address.send(trial(socket.gethostname()))
        say(f"{address.name}: {'took the message' if took else 'did not take it'}")
        missed += not took
    return FAILED if missed else FINE
