"""The API's catalogue of models, kept on disk: what there is, what requests may hold, what it costs at least."""

from daemon.catalogue.live import DAY, Catalogue
from daemon.catalogue.look import TASKS
from daemon.catalogue.prices import known_prices

__all__ = ["DAY", "TASKS", "Catalogue", "known_prices"]
