"""Notify: where messages to people go, and about what. The addresses are secrets, wherever they come from."""

import importlib.util
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from daemon.config.fields import Frozen, Path, as_tuple, refused
from daemon.config.secret import read_secret
from daemon.errors import Fault

VARIABLE = "HOTFOLDER_NOTIFY_URLS"
#: What a message may be about: jobs that failed; what waits for a person or a condition; the named gates.
Subject = Literal["failed", "held", "budget", "balance", "key"]
#: Bytes; a longer file is another one.
_LIMIT = 65536
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_RIGHT = 'write Apprise URLs, like ["ntfy://ntfy.sh/my-topic"]; github.com/caronc/apprise lists the services'


class Notify(Frozen):
    """Apprise URLs, subjects, the balance (USD) below which it is low, the summary's time of day (local)."""

    urls: tuple[SecretStr, ...] = ()
    urls_file: Path | None = None
    events: Annotated[tuple[Subject, ...], BeforeValidator(as_tuple)] = get_args(Subject)
    balance_low_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    daily_summary: str | Literal[False] = False

    @field_validator("urls", mode="before")
    @classmethod
    def _check_urls(cls, urls: object) -> object:
        """Refuse what is no list of URLs, without repeating any of it: they are secrets."""
        if not isinstance(urls, list | tuple):
            raise refused("is not a list", _RIGHT)
        for number, url in enumerate(urls, 1):
            text = url.get_secret_value() if isinstance(url, SecretStr) else url
            if not isinstance(text, str) or not _URL.fullmatch(text):
                raise refused(f"holds what is no URL (number {number})", _RIGHT)
        return tuple(urls)

    @field_validator("daily_summary", mode="before")
    @classmethod
    def _check_time(cls, at: object) -> object:
        if at is not False and not (isinstance(at, str) and _TIME.fullmatch(at)):
            raise refused("is no time of day", 'write it like "08:00" (local time), or false for none')
        return at

    @field_validator("balance_low_usd")
    @classmethod
    def _check_wanted(cls, low: float | None, info: ValidationInfo) -> float | None:
        if low is not None and "balance" not in info.data.get("events", get_args(Subject)):
            raise refused('is given, but events leaves out "balance"', "add it to events, or take this out")
        return low


def read_urls(
    table: Mapping[str, Any], urls_file: str | None, environ: Mapping[str, str]
) -> tuple[list[Any] | None, list[Fault]]:
    """Give all addresses that are set, or None for none but what stands in `table`, and what is wrong.

    `$HOTFOLDER_NOTIFY_URLS` wins over the file's own; else those of `urls_file` (absolute) come after them. Raises
    nothing; what can't be sent to for want of the package is a fault too.
    """
    own, faults = table.get("urls"), list[Fault]()
    found: list[Any] | None = None
    if text := environ.get(VARIABLE, ""):
        found = text.split()
    elif urls_file is not None:
        content, faults = read_secret(
            urls_file, "notify.urls_file", what="Apprise URLs, one on each line", limit=_LIMIT
        )
        if content is not None and isinstance(own, list | None):
            found = [*(own or []), *_lines(content)]
    if (found or own) and importlib.util.find_spec("apprise") is None:
        right = "install it beside the daemon with `pip install apprise`, or take the URLs out"
        faults.append(Fault("notify.urls", "needs the package apprise, which is not installed", right))
    return found, faults


def _lines(content: str) -> list[str]:
    lines = (line.strip() for line in content.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
