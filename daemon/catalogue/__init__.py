"""The API's catalogue of models, kept on disk: what there is, what requests may hold, what it costs at least."""

from daemon.catalogue.known import known_catalogue
from daemon.catalogue.live import DAY, Catalogue
from daemon.catalogue.look import TASKS

__all__ = ["DAY", "TASKS", "Catalogue", "known_catalogue"]
