"""Settings: the whole configuration once it is checked; frozen.

Each field's own rule stands beside it, those of a folder in `rule.py`. What concerns several folders is in
`places.py`, the words for faults that pydantic finds by itself are in `words.py`.
"""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, InstanceOf, SecretStr, ValidationInfo, field_validator

from daemon.config.fields import BaseUrl, Count, Dollars, Frozen, Megabytes, Path, absolute, refused
from daemon.config.notify import Notify
from daemon.config.rule import FolderRule
from daemon.config.web import Web

DEFAULT_BASE_URL = "https://api.atlascloud.ai"
DEFAULT_STATE = "~/.local/state/hotfolder"
_SQLITE = "sqlite:///"


def _database(text: str, info: ValidationInfo) -> str:
    if not text.startswith(_SQLITE) or "?" in text:
        raise refused(
            "is not the URL of an SQLite file, the only kind of table that this version keeps",
            'leave it out, or write it like "sqlite:////var/lib/hotfolder/jobs.db"',
        )
    return _SQLITE + absolute(text.removeprefix(_SQLITE), info)


class Api(Frozen):
    """The API: its base URL without a slash at the end, and the key, which no `repr` or dump shows."""

    base_url: BaseUrl = DEFAULT_BASE_URL
    api_key_file: Path | None = None
    key: SecretStr | None = None


class Limits(Frozen):
    """What all folders share: uploads and predictions at once, and the size in MB (10⁶ bytes) of one result.

    The budget of a UTC day in USD; above how many files, or what cost in USD, within a minute a person is asked,
    in folders that do not say it themselves.
    """

    uploads: Annotated[int, Field(ge=1, le=64)] = 4  # each is a thread
    in_flight: Count = 100
    max_result_mb: Megabytes = 2048.0
    daily_budget_usd: Dollars | None = None
    confirm_above: Count | None = None
    confirm_above_usd: Dollars | None = None


class Database(Frozen):
    """Where the job table is; None: `jobs.db` in the state directory."""

    url: Annotated[str, AfterValidator(_database)] | None = None


class Logs(Frozen):
    """How the log is written to standard error, and from which level on."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Frozen):
    """The whole configuration. `path` is the file that it was read from, if any."""

    state_dir: Path = DEFAULT_STATE
    api: Api = Field(default_factory=Api)
    limits: Limits = Field(default_factory=Limits)
    database: Database = Field(default_factory=Database)
    logs: Logs = Field(default_factory=Logs)
    notify: Notify = Field(default_factory=Notify)
    web: Web = Field(default_factory=Web)
    folders: dict[str, FolderRule]
    path: InstanceOf[str] | None = None  # not `str`: pydantic refuses the surrogate escapes of odd names

    @property
    def database_file(self) -> str:
        """Give the absolute path of the SQLite file that holds the job table."""
        url = self.database.url
        return os.path.join(self.state_dir, "jobs.db") if url is None else url.removeprefix(_SQLITE)

    @field_validator("folders", mode="before")
    @classmethod
    def _name_rules(cls, folders: object) -> object:
        """Give each rule its name, which in the file is the table's."""
        if not isinstance(folders, dict):
            return folders
        if not folders:
            raise refused("no folder is configured", "write at least one table [folders.NAME]")
        return {name: {**rule, "name": name} if isinstance(rule, dict) else rule for name, rule in folders.items()}
