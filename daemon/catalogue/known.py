"""The catalogue for commands that work without a daemon: what is kept, else what the API tells just now."""

from daemon.atlas.client import Client
from daemon.catalogue.live import Catalogue
from daemon.clock import Clock
from daemon.config import Settings


def known_catalogue(settings: Settings, clock: Clock) -> Catalogue:
    """Give the catalogue with the schemas of the rules' models. Writes nothing, needs no key, raises nothing."""
    catalogue = Catalogue(settings.state_dir, settings.api.base_url)
    catalogue.load()
    models = [rule.model for rule in settings.folders.values()]
    if not all(map(catalogue.is_fresh, models)):
        client = Client(settings.api.base_url, lambda: "", clock)
        try:
            catalogue.refresh(client, models, keep=False)
        finally:
            client.close()
    return catalogue
