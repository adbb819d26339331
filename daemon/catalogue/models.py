"""What `hotfolder models` shows: models of the catalogue by words and kind, with the fields of their requests."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.atlas.catalogue import Model, Schema, types_of
from daemon.atlas.client import Client
from daemon.atlas.exchange import Timeouts
from daemon.atlas.inputs import input_for
from daemon.catalogue import Catalogue
from daemon.clock import Clock
from daemon.errors import HotfolderError

#: Seconds; a person waits.
_TIMEOUTS = Timeouts(connect=5.0, answer=20.0, submit=20.0, stall=20.0)
#: Schemas that are asked for at a time, and in all: of the other models the fields stay unknown.
_AT_ONCE = 4
_MOST_ASKED = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """Models with their schemas, as far as known. `age`: seconds for which the list was kept, None for a new one.

    `trouble` says why it is not a new one though it should be.
    """

    models: tuple[tuple[Model, Schema | None], ...]
    age: float | None
    trouble: str | None


def listed(
    base_url: str,
    state_dir: str,
    words: Sequence[str],
    *,
    kind: str | None = None,
    limit: int | None = None,
    refresh: bool = False,
) -> Listed:
    """Give the models that have all of `words`, of one kind (`image`, `video`, `audio`, `text`) or all.

    What is kept and younger than a day is not asked for again unless `refresh`. Needs no key. Raises
    HotfolderError where nothing is known and the API can't be asked.
    """
    with contextlib.suppress(OSError):  # then nothing is kept
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
    catalogue = Catalogue(state_dir, base_url)
    catalogue.load()
    client = Client(base_url, lambda: "", Clock(), timeouts=_TIMEOUTS)
    try:
        asked = refresh or not catalogue.is_fresh()
        new = asked and catalogue.refresh(client)
        if catalogue.fetched_at is None:
            raise HotfolderError(catalogue.trouble or "nothing is known of the API's models")
        trouble = catalogue.trouble if asked and not new else None
        found = [model for model in catalogue.search(words) if kind in {None, model.kind}][:limit]
        catalogue.fetch_schemas(client, _ids(found[:_MOST_ASKED]), at_once=_AT_ONCE)
    finally:
        client.close()
    with_fields = tuple((model, catalogue.schema(model.id)) for model in found)
    return Listed(with_fields, None if new else catalogue.age(), trouble)


def model_fields(model: Model, schema: Schema | None) -> dict[str, Any]:
    """Give a model as `--json` prints it; `input` and `fields` are None where the schema is not known."""
    return {
        "id": model.id,
        "type": model.type,
        "title": model.title,
        "price_usd": model.price,
        "price_unit": model.unit or None,
        "input": None if schema is None else input_for(schema, model=model.id),
        "fields": None if schema is None else [_field(name, schema) for name in own_fields(schema)],
    }


def own_fields(schema: Schema) -> list[str]:
    """Give the fields that a rule can set, those first that a request must have."""
    names = [name for name in schema.properties if name != "model"]
    return sorted(names, key=lambda name: name not in schema.required)


def _field(name: str, schema: Schema) -> dict[str, Any]:
    field: Mapping[str, Any] = schema.properties[name]
    told = ("enum", "default", "minimum", "maximum", "maxLength", "minItems", "maxItems", "description")
    facts = {word: field[word] for word in told if word in field}
    return {
        "name": name,
        "type": " or ".join(types_of(field)) or None,
        "required": name in schema.required,
        **facts,
    }


def _ids(models: Iterable[Model]) -> list[str]:
    return [model.id for model in models]
