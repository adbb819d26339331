"""systemd's notification protocol (sd_notify(3)): datagrams with what the service manager should know."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells the service manager; does nothing where there is none. `environ` names its socket and watchdog."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._watchdog = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", "")
        self._mine = not mine or mine == str(os.getpid())
        self._status = ""

    @property
    def watchdog_seconds(self) -> float | None:
        """The time within which WATCHDOG=1 is to come, in seconds, or None (sd_watchdog_enabled(3))."""
        if not (self._watchdog.isdigit() and self._mine):
            return None
        return int(self._watchdog) / 1e6

    def tell(self, *lines: str) -> None:
        """Send lines like `READY=1`. What can't be sent is let go: the service manager may be restarting."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            try:
                out.sendto("\n".join(lines).encode("utf-8", "replace"), address)
            except OSError:
                return

    def status(self, text: str) -> None:
        """Send STATUS= if it says something new."""
        if text != self._status:
            self._status = text
            self.tell(f"STATUS={text}")
