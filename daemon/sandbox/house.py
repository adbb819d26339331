"""What every call of the sandbox shares: settings, faults, journal, world, clock and the workshop."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from daemon.sandbox.faults import FaultBook
from daemon.sandbox.journal import Journal
from daemon.sandbox.settings import SandboxSettings
from daemon.sandbox.state import World
from daemon.sandbox.workshop import Workshop


@dataclass(slots=True)
class House:
    """The parts of one sandbox; `now` gives seconds since the epoch."""

    settings: SandboxSettings
    faults: FaultBook
    journal: Journal
    world: World
    workshop: Workshop
    now: Callable[[], float]
    _lock: threading.Lock

    def change(self, values: Mapping[str, object]) -> None:
        """Replace settings from any thread; a `balance` among them is the account's from now on.

        Raises ValueError that names what is wrong, and then changes nothing.
        """
        with self._lock:
            self.settings = self.settings.changed(values)
            if "balance" in values:
                self.world.balance = Decimal(str(self.settings.balance))
