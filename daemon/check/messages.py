"""What `check` finds out about the addresses for messages, without sending anything and without showing them."""

from collections.abc import Iterator

from daemon.check.finding import Finding, fault, ok
from daemon.config import Settings


def message_findings(settings: Settings) -> Iterator[Finding]:
    """Say of each address whether it is one; nothing where none is configured: Apprise is slow to load."""
    if not settings.notify.urls:
        return
    from daemon.notify.addresses import Address

    for number, url in enumerate(settings.notify.urls, 1):
        try:
            address = Address(url.get_secret_value(), number)
        except ValueError as error:
            yield fault("notify.urls", f"{error}; github.com/caronc/apprise lists the services")
        else:
            yield ok("notify.urls", f"messages go to {address.name}; `hotfolder notify` tries that")
