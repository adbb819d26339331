"""What the API offers to somebody who writes their first rule: fitting models, and whether their key is good.

The models are fetched in a thread of its own, while the person answers other questions.
"""

import tempfile
import threading

from daemon.atlas.client import Client
from daemon.atlas.exchange import Timeouts
from daemon.atlas.fits import COMMON
from daemon.atlas.inputs import input_for
from daemon.catalogue import Catalogue
from daemon.clock import Clock
from daemon.errors import Blocked, StageError
from daemon.setup.wizard import Offer

#: Somebody waits in front of it.
_TIMEOUTS = Timeouts(connect=5.0, answer=10.0, stall=10.0)
_PATIENCE = 20.0


class Offers:
    """The models of the API at `base_url`; asking begins at once, answers wait for it for some seconds at most."""

    def __init__(self, base_url: str) -> None:
        self._client = _client(base_url, "")
        # not kept: where the state directory will be is among the questions
        self._directory = tempfile.TemporaryDirectory(prefix="hotfolder-", ignore_cleanup_errors=True)
        self._catalogue = Catalogue(self._directory.name, base_url)
        self._fetching = threading.Thread(target=self._catalogue.refresh, args=(self._client,), daemon=True)
        self._fetching.start()

    def close(self) -> None:
        """End calls under way and take away what was kept."""
        self._client.interrupt()
        self._fetching.join(_PATIENCE)
        self._directory.cleanup()

    def had(self) -> bool:
        """Tell whether the models could be had."""
        self._fetching.join(_PATIENCE)
        return bool(self._catalogue.models())

    def fitting(self, task: str, count: int) -> list[Offer]:
        """Give at most `count` models for a task of `wizard.TASKS`, best first; none where they can't be had."""
        return [self._offer(model.id) for model in self._catalogue.fitting(task)[:count]] if self.had() else []

    def of(self, model: str) -> Offer | None:
        """Give what there is to say of a model, with its fields; None where the catalogue does not have it."""
        if not self.had() or self._catalogue.model(model) is None:
            return None
        self._catalogue.fetch_schemas(self._client, [model])
        return self._offer(model)

    def nearest(self, words: str, count: int) -> list[str]:
        """Give the ids of models that hold all of the words, at most `count`."""
        return [model.id for model in self._catalogue.search(words.split())[:count]] if self.had() else []

    def _offer(self, model_id: str) -> Offer:
        model, schema = self._catalogue.model(model_id), self._catalogue.schema(model_id)
        field = None if schema is None else input_for(schema, model=model_id)
        own = {"model", "prompt", field.removesuffix("[]") if field else "", *COMMON}
        return Offer(
            id=model_id,
            kind=model.kind if model else "",
            price=self._catalogue.price(model_id),
            input=field,
            others=tuple(name for name in schema.properties if name not in own) if schema else (),
        )


def try_key(base_url: str, key: str) -> tuple[bool | None, str]:
    """Ask for the balance with a key: whether it is accepted (None: can't be known now), and a sentence.

    Nothing is paid. A key that may generate but not read the account counts as accepted.
    """
    try:
        balance = _client(base_url, key).balance()
    except Blocked as error:
        if error.code == "key":
            return False, "The API does not accept this key."
        return True, f"The key is accepted. {error}"
    except StageError as error:
        return None, f"The key could not be tried. {error}"
    return True, f"The key is accepted; the balance is {balance.available:.2f} {balance.currency.upper()}."


def _client(base_url: str, key: str) -> Client:
    return Client(base_url, lambda: key, Clock(), timeouts=_TIMEOUTS)
