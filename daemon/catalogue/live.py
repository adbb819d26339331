"""The catalogue in use: asked of the API now and then, kept on disk, there when the API is away."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from daemon.atlas.catalogue import Model, Schema
from daemon.atlas.client import Client
from daemon.catalogue import cache, look
from daemon.catalogue.cache import Kept, Stored
from daemon.errors import StageError

log = logging.getLogger(__name__)

#: Seconds that what was fetched counts as the present state of things.
DAY = 86400.0
#: A clock that was set back a little makes nothing old.
_TOLERANCE = 600.0
#: Of so many models the schema is kept; of more, those that were fetched last.
_MOST_SCHEMAS = 300
#: Schemas that one call of `fetch_schemas` asks for.
_MOST_AT_ONCE = 50


class Catalogue:
    """The models of the API at `base_url`, kept in `state_dir`. Thread-safe.

    No method raises for what the API, the disk or the file's bytes do: there is less to know then, and `trouble`
    says why. `wall` gives the wall clock's time in seconds since the epoch.
    """

    def __init__(self, state_dir: str, base_url: str, *, wall: Callable[[], float] = time.time) -> None:
        self._directory = state_dir
        self._wall = wall
        self._lock = threading.Lock()
        self._kept = Kept(base_url.rstrip("/"))
        self._by_id: dict[str, Model] = {}
        self._prices: dict[str, float] = {}  # the last ones that were listed
        #: Why the last attempt to fetch, read or keep the catalogue failed, for people; None if it did not.
        self.trouble: str | None = None

    def load(self) -> None:
        """Read what is kept on disk; where that is missing, damaged, or of another API, nothing changes."""
        try:
            kept = cache.read(self._directory, self._kept.base_url)
        except (OSError, ValueError) as error:
            self._trouble(f"The kept catalogue can't be read ({error}); it is fetched anew.")
            return
        if kept is not None:
            with self._lock:
                self._take(kept)

    def refresh(
        self,
        client: Client,
        schemas_of: Iterable[str] = (),
        came: Callable[[], object] = lambda: None,
        *,
        keep: bool = True,
    ) -> bool:
        """Ask the API for its models, and for the schemas of those in `schemas_of`; tell whether models came.

        What came is kept on disk unless `keep` is false; `came` is called before that. Nothing is paid, no key is
        needed, nothing is raised.
        """
        try:
            models = client.models()
        except StageError as error:
            self._trouble(f"The API's models could not be had. {error}")
            return False
        except Exception:
            log.exception("the catalogue can't be fetched")
            self.trouble = "The API's models could not be had."
            return False
        if not models:
            # an account without a single model: rather an answer that is not right
            self._trouble("The API's list of models is empty.")
            return False
        with self._lock:
            self._take(replace(self._kept, models=models, fetched_at=self._wall()))
            self.trouble = None
        self.fetch_schemas(client, schemas_of, anew=True, keep=False)
        came()
        if keep:
            self._keep()
        return True

    def fetch_schemas(
        self, client: Client, model_ids: Iterable[str], *, anew: bool = False, at_once: int = 1, keep: bool = True
    ) -> None:
        """Ask for the schemas of these models that are not known or older than a day, or `anew` for all.

        At most 50 a call, `at_once` at a time. Without `keep` they are not written to disk yet.
        """
        wanted = [model for name in dict.fromkeys(model_ids) if (model := self.model(name)) and model.schema_url]
        wanted = [model for model in wanted if anew or not self._schema_is_fresh(model.id)][:_MOST_AT_ONCE]
        if at_once > 1 and len(wanted) > 1:
            with ThreadPoolExecutor(at_once) as pool:
                came = list(pool.map(lambda model: self._fetch_schema(client, model), wanted))
        else:
            came = [self._fetch_schema(client, model) for model in wanted]
        if any(came) and keep:
            self._keep()

    def model(self, model_id: str) -> Model | None:
        """Give a model by its id, listed or not; None if it is not known."""
        return self._by_id.get(model_id)

    def models(self) -> tuple[Model, ...]:
        """Give the models that the API lists for people, in its order."""
        return tuple(model for model in self._kept.models if model.listed)

    def schema(self, model_id: str) -> Schema | None:
        """Give what requests to a model may hold, as far as it is known, however old."""
        stored = self._stored(model_id)
        return None if stored is None else stored.schema

    def price(self, model_id: str) -> float | None:
        """Give what one prediction costs at least, in USD; None if that is not known.

        Of a model that is listed no more it is the price that was listed last: a budget must not forget it.
        """
        return self._prices.get(model_id)

    @property
    def fetched_at(self) -> float | None:
        """When the models were fetched, in seconds since the epoch; None if nothing is known."""
        return self._kept.fetched_at

    def age(self) -> float | None:
        """Give for how many seconds the models are known; None if they are not. A clock that was set back: 0."""
        at = self._kept.fetched_at
        return None if at is None else max(0.0, self._wall() - at)

    def is_fresh(self, model_id: str | None = None) -> bool:
        """Tell whether the list of models is younger than a day; for a model, whether its schema is too.

        Of a model that the list does not have, or has without a schema, the list alone counts.
        """
        if not self._is_young(self._kept.fetched_at):
            return False
        model = None if model_id is None else self.model(model_id)
        return model is None or model.schema_url is None or self._schema_is_fresh(model.id)

    def search(self, words: Iterable[str]) -> list[Model]:
        """Give the models that all of `words` stand in; see `look.search`."""
        return look.search(words, self.models())

    def fitting(self, task: str) -> list[Model]:
        """Give the models for a task of `look.TASKS`, best first; see `look.fitting`."""
        return look.fitting(task, self.models(), self.schema)

    def _take(self, kept: Kept) -> None:
        self._kept = kept
        self._by_id = {model.id: model for model in kept.models}
        self._prices |= {model.id: model.price for model in kept.models if model.price is not None}

    def _stored(self, model_id: str) -> Stored | None:
        model, stored = self.model(model_id), self._kept.schemas.get(model_id)
        return stored if stored is not None and model is not None and stored.url == model.schema_url else None

    def _schema_is_fresh(self, model_id: str) -> bool:
        stored = self._stored(model_id)
        return stored is not None and self._is_young(stored.fetched_at)

    def _is_young(self, at: float | None) -> bool:
        return at is not None and -_TOLERANCE <= self._wall() - at < DAY

    def _fetch_schema(self, client: Client, model: Model) -> bool:
        """Ask for one schema; tell whether it came."""
        url = model.schema_url or ""
        try:
            stored = Stored(url, self._wall(), client.schema(url))
        except StageError as error:
            self._trouble(f"The schema of {model.id} could not be had. {error}")
            return False
        except Exception:
            log.exception("the schema of %s can't be fetched", model.id)
            return False
        with self._lock:
            newest = [(model.id, stored)]
            newest += [(name, each) for name, each in self._kept.schemas.items() if name != model.id]
            self._kept = replace(self._kept, schemas=dict(newest[:_MOST_SCHEMAS]))
        return True

    def _keep(self) -> None:
        try:
            cache.write(self._directory, self._kept)
        except (OSError, ValueError) as error:
            log.debug("the catalogue could not be kept on disk: %s", error)  # the next one may

    def _trouble(self, text: str) -> None:
        log.debug("%s", text)
        self.trouble = text
