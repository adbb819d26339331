"""The border to Apprise: an address that messages can be sent to. Apprise is loaded when the first one is made.

Apprise logs the addresses that it fails to reach, tokens and all. So it is kept from the log altogether, and an
address is named here by its number in the configuration and its service.
"""

import logging
import threading
from typing import Any

from daemon.notify.words import Message

#: Seconds that a service may take for one message; what takes longer is left to end by itself.
TIME_LIMIT = 30.0


class Address:
    """One Apprise URL, the `number`th (from 1). Raises ValueError, without the URL in it, if it is none."""

    def __init__(self, url: str, number: int) -> None:
        apprise = _apprise()
        asset = apprise.AppriseAsset(app_id="hotfolder", app_desc="hotfolder", async_mode=False)
        self._sender = apprise.Apprise(asset=asset)
        if not self._sender.add(url):
            raise ValueError(f"number {number} is no address that Apprise knows")
        self.name = f"number {number} ({self._sender[0].service_name})"
        self._under_way: threading.Thread | None = None
        self._overdue: tuple[Message, threading.Event] | None = (
            None  # what was not taken in time, and if it was since
        )

    def send(self, message: Message, timeout: float = TIME_LIMIT) -> bool:
        """Send a message; tell whether the service took it, within `timeout` seconds. Raises nothing."""
        if self._under_way is not None and self._under_way.is_alive():
            return False  # the last one hangs still; two at once would only hang both
        overdue, self._overdue = self._overdue, None
        if overdue is not None and overdue[0] == message and overdue[1].is_set():
            return True  # a slow service took it after all: people need not read it twice
        taken = threading.Event()
        # In a thread of its own, as a service that answers a byte now and then has no time limit.
        thread = threading.Thread(target=self._send, args=(message, taken), name="notify-send", daemon=True)
        self._under_way = thread
        try:
            thread.start()
        except RuntimeError:  # no memory for a thread just now
            self._under_way = None
            return False
        thread.join(timeout)
        if thread.is_alive():
            self._overdue = message, taken
        return taken.is_set()

    def _send(self, message: Message, taken: threading.Event) -> None:
        try:
            if self._sender.notify(
                body=message.body, title=message.title, notify_type=message.level, body_format="text"
            ):
                taken.set()
        except Exception as error:  # noqa: BLE001 - a plugin's fault; its words may hold the address
            logging.getLogger(__name__).debug("a message could not be sent: %s", type(error).__name__)


def _apprise() -> Any:
    """Load Apprise, with its own log silenced."""
    silenced = logging.getLogger("apprise")
    silenced.propagate = False
    if not silenced.handlers:
        silenced.addHandler(logging.NullHandler())
    import apprise

    return apprise
