"""Writes what came of a step until it is written: a full disk must not make the daemon forget it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from daemon import signs
from daemon.states import Job
from daemon.work.aftermath import shortage_of

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two tries, and for which it tries on while the daemon stops.
_PAUSE, _LAST = 2.0, 3.0


class Persist:
    """Calls a write until it succeeds. Once `stopping` is set that has an end: the next start finds the rest."""

    def __init__(self, stopping: threading.Event, *, pause: float = _PAUSE, last: float = _LAST) -> None:
        self._stopping = stopping
        self._pause = pause
        self._last = last

    def __call__(self, job: Job, write: Callable[[], T], prediction: str | None = None) -> T:
        """Give what `write` returned. `job` and `prediction` (if it is not in the row yet) are told in the log.

        Raises what is no passing trouble, and the trouble itself where it outlasts a stop.
        """
        told, ends_at = False, None
        while True:
            signs.beat()  # a disk that is full hangs nothing
            try:
                return write()
            except Exception as error:
                shortage = shortage_of(error)
                if shortage is None:
                    raise
                level = logging.DEBUG if told else logging.ERROR
                log.log(level, "job %d (prediction %s): %s", job.id, prediction or job.prediction_id, shortage)
                told = True
                if self._stopping.is_set():
                    ends_at = ends_at or time.monotonic() + self._last
                    if time.monotonic() > ends_at:
                        raise
            self._rest()

    def _rest(self) -> None:
        if self._stopping.is_set():
            time.sleep(min(self._pause, 0.2))  # an event that is set waits for nothing
        else:
            self._stopping.wait(self._pause)
