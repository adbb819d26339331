"""Keeps the rules in step with the API's models: at the start, at a reload, and once a day while the daemon runs.

A rule that is certainly wrong is refused like any other fault of the configuration, before it can spend. What
can't be had of the API holds nothing up for long: it is said in the log, and asked for again later.
"""

import logging
import threading
from collections.abc import Callable

from daemon.atlas.client import Client
from daemon.atlas.exchange import Timeouts
from daemon.catalogue import DAY, Catalogue
from daemon.check.rules import Verdict, judge
from daemon.clock import Clock
from daemon.config import FolderRule, Settings, leaves_input_out
from daemon.errors import ConfigError

log = logging.getLogger(__name__)

#: So many seconds a start or a reload waits for the API, all in all.
PATIENCE = 3.0
#: A call that nobody waits for any more is over soon after.
_SHORT = Timeouts(connect=PATIENCE, answer=PATIENCE, submit=PATIENCE, stall=PATIENCE)
#: Seconds until the API is asked again after a failure, doubled with each one up to the longest.
_AGAIN, _LONGEST = 60.0, 3600.0
_HOUR = 3600.0


class RuleCheck:
    """Holds rules against `catalogue`. `chance` gives numbers from 0 to 1, by which calls spread over an hour.

    `patience`: seconds that `judged` waits for the API.
    """

    def __init__(
        self, catalogue: Catalogue, clock: Clock, chance: Callable[[], float], *, patience: float = PATIENCE
    ) -> None:
        self._patience = patience
        self._catalogue = catalogue
        self._clock = clock
        self._chance = chance
        self._loaded: Settings | None = None
        self._pause = _AGAIN
        self._due_at = clock.now()

    def ask(self, settings: Settings) -> threading.Event:
        """Begin to fetch what is not known of the rules' models; the event is set when that is over.

        What is known and younger than a day is not asked for again, unless a rule is at odds with it.
        """
        over = threading.Event()
        if self._knows_enough(settings):
            over.set()
        else:
            asking = threading.Thread(target=self._fetch, args=(settings, over), name="catalogue", daemon=True)
            try:
                asking.start()
            except RuntimeError as error:  # no memory for a thread
                log.warning("the API's models are not asked for just now: %s", error)
                over.set()
        return over

    def judged(self, settings: Settings, asked: threading.Event | None = None) -> Settings:
        """Give the settings with every `input` that was left out, as far as the models' schemas are known.

        `asked` is what `ask` gave for these settings; it is waited for, some seconds at most. What could not be
        looked at is logged. Raises ConfigError for rules that are certainly wrong.
        """
        (asked or self.ask(settings)).wait(self._patience)
        verdict = judge(settings, self._catalogue)
        if verdict.faults:
            raise ConfigError(verdict.faults, settings.path)
        self._tell_doubts(verdict)
        self._loaded = settings
        self._pause = _AGAIN
        self._due_at = self._clock.now() + self._until_next()
        return verdict.settings

    def keep_up(self, client: Client) -> bool:
        """Ask the API again if a day has passed since it was asked; tell whether it answered."""
        if self._loaded is None or self._clock.now() < self._due_at:
            return False
        if not self._catalogue.refresh(client, _models(self._loaded)):
            log.warning("%s Asked again in %.0f minutes.", self._catalogue.trouble, self._pause / 60)
            self._due_at = self._clock.now() + self._next_pause()
            return False
        self._due_at = self._clock.now() + self._until_next()
        return True

    def learnt(self) -> dict[str, FolderRule]:
        """Give the rules as they are by what is known now, by name; what is wrong with one is logged.

        A rule that is at odds with its model is left out, and so stays in force as it was: the API refuses what
        it sends, and takes no money for that.
        """
        if self._loaded is None:
            return {}
        verdict = judge(self._loaded, self._catalogue)
        for fault in verdict.faults:
            log.error("%s", fault)
        self._tell_doubts(verdict)
        fine = [judged.rule for judged in verdict.rules if not judged.faults]
        return {rule.name: rule for rule in fine if not leaves_input_out(rule)}

    def _knows_enough(self, settings: Settings) -> bool:
        known = all(map(self._catalogue.is_fresh, _models(settings)))
        return known and not judge(settings, self._catalogue).faults

    def _fetch(self, settings: Settings, over: threading.Event) -> None:
        # A client of its own: it has less patience, and the daemon's may be closed while this one waits.
        client = Client(settings.api.base_url, lambda: "", self._clock, timeouts=_SHORT)
        try:
            self._catalogue.refresh(client, _models(settings), over.set)
        finally:
            over.set()
            client.close()

    def _until_next(self) -> float:
        """Give the seconds until the API is asked again: within the last hour in which what it said is fresh.

        Much sooner where something is missing: the API may just have been too slow for who waited for it.
        """
        age = self._catalogue.age()
        models = [] if self._loaded is None else _models(self._loaded)
        if age is None or not self._catalogue.is_fresh() or not all(map(self._catalogue.is_fresh, models)):
            return self._next_pause()
        self._pause = _AGAIN
        return max(_AGAIN, DAY - age - _HOUR * self._chance())

    def _next_pause(self) -> float:
        """Give the present pause, and make the next one longer."""
        pause, self._pause = self._pause, min(_LONGEST, 2 * self._pause)
        return pause

    def _tell_doubts(self, verdict: Verdict) -> None:
        if self._catalogue.fetched_at is None:
            log.warning(
                "the rules could not be held against their models: %s", self._catalogue.trouble or "no answer"
            )
            return
        for doubt in verdict.doubts:
            log.warning("%s", doubt)


def _models(settings: Settings) -> list[str]:
    return list(dict.fromkeys(rule.model for rule in settings.folders.values()))
