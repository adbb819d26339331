"""Prices for commands that work without a daemon: those kept on disk, else those that the API tells just now."""

from collections.abc import Callable

from daemon.atlas.client import Client
from daemon.catalogue.live import Catalogue
from daemon.clock import Clock
from daemon.config import Settings
from daemon.errors import StageError


def known_prices(settings: Settings, clock: Clock) -> Callable[[str], float | None]:
    """Give a look-up of prices (USD per output, floors). Writes nothing, needs no key, raises nothing."""
    kept = Catalogue(settings.state_dir, settings.api.base_url)
    kept.load()
    if kept.is_fresh():
        return kept.price
    client = Client(settings.api.base_url, lambda: "", clock)
    try:
        prices = {model.id: model.price for model in client.models()}
    except StageError:
        return kept.price
    finally:
        client.close()
    return prices.get
