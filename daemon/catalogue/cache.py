"""The catalogue's file in the state directory: read whole or not at all, replaced whole, free to be deleted."""

import contextlib
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from daemon import files
from daemon.atlas.catalogue import Model, Schema

NAME = "catalogue.json"
#: Raised with the file's form; a file of another version is not read.
_VERSION = 2
#: Bytes; the real catalogue with some hundred schemas is a few megabytes.
_LONGEST = 32 * 1024 * 1024
#: Seconds after which another writer's draft is a killed one's leftover.
_LEFT_OVER = 3600.0
_DRAFT = ".catalogue-"


@dataclass(frozen=True, slots=True)
class Stored:
    """A model's schema, where it came from and when (seconds since the epoch)."""

    url: str
    fetched_at: float
    schema: Schema


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of the catalogue of one API; `fetched_at` is None as long as nothing is."""

    base_url: str
    fetched_at: float | None = None
    models: tuple[Model, ...] = ()
    schemas: Mapping[str, Stored] = field(default_factory=dict)


def read(directory: str, base_url: str) -> Kept | None:
    """Give what is kept of the API at `base_url`; None if there is nothing, or that of another API.

    Raises ValueError where the file is damaged, OSError where it can't be read.
    """
    try:
        with open(os.path.join(directory, NAME), "rb") as file:
            content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > _LONGEST:
        raise ValueError("it is far too long")
    try:
        found = json.loads(content)
        if found["version"] != _VERSION or found["base_url"] != base_url:
            return None
        return Kept(
            base_url=base_url,
            fetched_at=_time(found["fetched_at"]),
            models=tuple(_model(entry) for entry in found["models"]),
            schemas={str(name): _stored(entry) for name, entry in found["schemas"].items()},
        )
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("it is not what hotfolder wrote") from error


def write(directory: str, kept: Kept) -> None:
    """Put the file in place, whole and on disk; of several writers the last one wins. Raises OSError."""
    table = {
        "version": _VERSION,
        "about": "The models that the API offers, as they were last asked for. May be deleted at any time.",
        "base_url": kept.base_url,
        "fetched_at": kept.fetched_at,
        "models": [asdict(model) for model in kept.models],
        "schemas": {name: asdict(stored) for name, stored in kept.schemas.items()},
    }
    # a name of its own: a command may write at the same time as the daemon
    draft = os.path.join(directory, f"{_DRAFT}{os.getpid()}-{threading.get_ident()}.part")
    _remove_leftovers(directory)
    with files.temporary_file(draft) as descriptor:
        files.write_all(descriptor, json.dumps(table).encode("ascii"))
        files.sync(descriptor)
        os.rename(draft, os.path.join(directory, NAME))
    files.sync_directory(directory)


def _remove_leftovers(directory: str) -> None:
    for name in _drafts(directory):
        with contextlib.suppress(OSError):
            path = os.path.join(directory, name)
            if time.time() - os.stat(path).st_mtime > _LEFT_OVER:
                os.unlink(path)


def _drafts(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        yield from [entry.name for entry in entries if entry.name.startswith(_DRAFT)]


def _model(entry: Mapping[str, Any]) -> Model:
    price, url = entry["price"], entry["schema_url"]
    return Model(
        id=_text(entry["id"]),
        type=_text(entry["type"]),
        price=None if price is None else _price(price),
        schema_url=None if url is None else _text(url),
        title=_text(entry["title"]),
        labels=tuple(_text(label) for label in entry["labels"]),
        unit=_text(entry["unit"]),
        listed=entry["listed"] is True,
    )


def _stored(entry: Mapping[str, Any]) -> Stored:
    schema = entry["schema"]
    properties = {_text(name): dict(each) for name, each in schema["properties"].items()}
    required = tuple(_text(name) for name in schema["required"])
    return Stored(
        _text(entry["url"]), _time(entry["fetched_at"]), Schema(properties, required, schema["open"] is True)
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _price(value: Any) -> float:
    if not (math.isfinite(usd := float(value)) and usd >= 0):
        raise TypeError("no price")
    return usd


def _time(value: Any) -> float:
    if not math.isfinite(at := float(value)):
        raise TypeError("no time")
    return at
