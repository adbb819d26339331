"""Writes what came of a step until it is written: a full disk must not make the daemon forget it."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from daemon import signs, turns
from daemon.states import Job

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two tries.
_PAUSE = 2.0


class Persist:
    """Calls a write until it succeeds. `stopping` ends that: the next start finds what was not written."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def __call__(self, job: Job, write: Callable[[], T], prediction: str | None = None) -> T:
        """Give what `write` returned. `job` and `prediction` (if it is not in the row yet) are told in the log.

        Raises what is no fault of the database, and sqlalchemy.exc.DBAPIError once the daemon stops.
        """
        told = False
        while True:
            signs.beat()  # a disk that is full hangs nothing
            try:
                return write()
            except DBAPIError as error:
                log.log(
                    logging.DEBUG if told else logging.ERROR,
                    "job %d (prediction %s): the job table can't be written: %s",
                    job.id,
                    prediction or job.prediction_id,
                    error.orig,
                )
                told = True
                with turns.away():
                    stops = self._stopping.wait(_PAUSE)
                if stops:
                    raise
