"""What `hotfolder init` was told, and where what it makes goes."""

import os
from dataclasses import dataclass

from daemon.config.load import URL_VARIABLE
from daemon.config.model import DEFAULT_BASE_URL
from daemon.setup import starter

#: Where `hotfolder sandbox` listens unless it is told otherwise.
_SANDBOX = "http://127.0.0.1:8459"


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of a person's wishes; None: not said yet."""

    task: str | None = None
    kind: str | None = None
    model: str | None = None
    folder: str | None = None
    inbox: str | None = None
    outbox: str | None = None
    prompt: str | None = None
    key: str | None = None  # to be stored
    key_file: str | None = None
    no_key: bool = False
    credential: bool = False
    budget: float | None = None  # USD a day
    pile: int | None = None
    service: bool | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Where it all goes: the configuration's directory, whether its folders lie there too, which API it is for."""

    place: str
    beside: bool
    sandbox: bool

    @property
    def path(self) -> str:
        """The configuration's file."""
        return os.path.join(self.place, starter.NAME)

    @property
    def base_url(self) -> str:
        """The API's address: what the environment says wins, as it does for every command."""
        return os.environ.get(URL_VARIABLE) or (_SANDBOX if self.sandbox else DEFAULT_BASE_URL)
