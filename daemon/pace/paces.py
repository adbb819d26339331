"""What is known of every model's pace, kept in the table's notes: written now and then, never for each job."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.exc import DBAPIError

from daemon.pace.durations import Pace

log = logging.getLogger(__name__)

#: Notes are called so, followed by the model's id.
NOTE = "pace:"
#: So many predictions of a model may end before what they taught is written: a kill costs no more than that.
_UNWRITTEN = 100


class Paces:
    """The paces by model. `saved`: the notes as they are; `save` writes one (key, value). Thread-safe."""

    def __init__(self, saved: Mapping[str, Any], save: Callable[[str, Any], None]) -> None:
        self._save = save
        self._lock = threading.Lock()
        self._paces: dict[str, Pace] = {}
        self._written: dict[str, int] = {}
        for key, value in saved.items():
            self._restore(key.removeprefix(NOTE), value)

    def of(self, model: str) -> Pace:
        """Give what is known of how long this model's predictions take."""
        with self._lock:
            return self._paces.setdefault(model, Pace())

    def stretch(self, model: str, in_flight: Mapping[str, int], most: float) -> float:
        """Give what a model's pauses are to be multiplied by: see `Pace.stretch`.

        `in_flight`: predictions by model; `most`: how many of them may be asked for in a second.
        """
        wanted = sum(count * self.of(each).rate() for each, count in in_flight.items())
        return self.of(model).stretch(most / wanted if wanted > most else 1.0)

    def keep(self, model: str) -> None:
        """Write down what is known of a model if much of it is not written yet."""
        if self.of(model).seen - self._written.get(model, 0) >= _UNWRITTEN:
            self._write(model)

    def keep_all(self) -> None:
        """Write down what is not written yet; for the end, and for now and then."""
        with self._lock:
            changed = [model for model, pace in self._paces.items() if pace.seen != self._written.get(model, 0)]
        for model in changed:
            self._write(model)

    def _write(self, model: str) -> None:
        pace = self.of(model)
        self._written[model] = pace.seen  # first, so that nobody else writes it too
        try:
            self._save(NOTE + model, pace.as_json())
        except DBAPIError as error:  # the next one writes it; to know less only costs questions
            log.debug("what was learnt of %s could not be written: %s", model, error.orig)

    def _restore(self, model: str, value: Any) -> None:
        try:
            pace = Pace.restored(value)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.debug("what was learnt of %s can't be read, and is learnt anew: %s", model, error)
            return
        self._paces[model], self._written[model] = pace, pace.seen
