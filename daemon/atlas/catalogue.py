"""The models that the API offers, as `GET /api/v1/models` lists them, and the schema of their requests. Pure.

A schema is part of the OpenAPI document that an entry of the catalogue names as `schema`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.atlas.text import encodable, plain
from daemon.atlas.wire import Malformed

#: References within a schema are followed so far; one that leads back to itself ends there.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue. `price` is USD, a floor: what is charged can be several times as much.

    `labels` are its categories and tags, in lower case with hyphens. `unit` says what the price is for, where the
    catalogue tells it: `image`, `second`, `generation`, `minute`, `1k_chars`. One that is not `listed` is not
    offered to people, and may work all the same.
    """

    id: str
    type: str  # Image, Video, Audio, Text
    price: float | None
    schema_url: str | None
    title: str = ""
    labels: tuple[str, ...] = ()
    unit: str = ""
    listed: bool = True

    @property
    def kind(self) -> str:
        """The kind of generate call that it takes: `image`, `video`, `audio`; another word: none of these."""
        word = self.type.lower()
        return "image" if word == "3d" else word

    @property
    def task(self) -> str:
        """The last part of the id, by the vendor's habit what the model does: `edit`, `text-to-image`."""
        return self.id.rpartition("/")[2].lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields that a model's request may hold, by name, each as JSON Schema, and those that it must hold.

    `open`: fields that are not listed are taken too.
    """

    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    open: bool = False


def forms_of(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the forms of which a value of this field has to have one, but for null; none if it is not said so."""
    forms = next((forms for word in ("anyOf", "oneOf") if isinstance(forms := field.get(word), list)), [])
    return [form for form in forms if isinstance(form, dict) and form.get("type") != "null"]


def types_of(field: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the types that a field takes, as JSON Schema names them, without `null`; none if it does not say.

    One of its forms that does not say it leaves open what the whole field takes.
    """
    if found := _declared(field):
        return found
    each = [_declared(form) for form in forms_of(field)]
    return tuple(word for words in each for word in words) if all(each) else ()


def _declared(field: Mapping[str, Any]) -> tuple[str, ...]:
    declared = field.get("type")
    words = declared if isinstance(declared, list) else [declared]
    return tuple(word for word in words if isinstance(word, str) and word != "null")


def takes_list(field: Mapping[str, Any]) -> bool:
    """Tell whether a field takes a list, and nothing else."""
    types = types_of(field)
    return bool(types) and set(types) == {"array"}


def parse(answer: Any) -> tuple[Model, ...]:
    """Read the catalogue, with the entries that are not to be listed. Raises Malformed."""
    entries = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(entries, list):
        raise Malformed("no list of models")
    return tuple(
        _model(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("model"), str)
    )


def _model(entry: Mapping[str, Any]) -> Model:
    price = entry.get("price")
    actual = price.get("actual") if isinstance(price, dict) else None
    charged = actual if isinstance(actual, dict) else {}
    return Model(
        id=encodable(entry["model"]),
        type=_text(entry.get("type")),
        price=_amount(charged.get("base_price")),
        schema_url=_text(entry.get("schema"), 2000) or None,
        title=_text(entry.get("displayName")),
        labels=tuple(dict.fromkeys(_labels(entry.get("categories")) + _labels(entry.get("tags")))),
        unit=_text(charged.get("unit")),
        listed=entry.get("display_console") is not False,
    )


def _text(value: Any, longest: int = 200) -> str:
    return plain(value, longest) if isinstance(value, str) else ""


def _labels(value: Any) -> list[str]:
    # the vendor writes TEXT-TO-IMAGE and TEXT_TO_IMAGE
    words = value if isinstance(value, list) else []
    return [_text(word).lower().replace("_", "-") for word in words[:50] if isinstance(word, str)]


def _amount(value: Any) -> float | None:
    try:
        amount = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None


def parse_schema(document: Any) -> Schema:
    """Read `components.schemas.Input` of a model's OpenAPI document; raises Malformed."""
    try:
        schemas = document["components"]["schemas"]
        declared = schemas["Input"]
        properties = {str(name): _resolved(field, schemas) for name, field in declared["properties"].items()}
        required = declared.get("required")
        order = declared.get("x-order-properties")
        more = declared.get("additionalProperties")
    except (KeyError, TypeError, AttributeError):
        raise Malformed("no schema of the model's input") from None
    ordered = dict.fromkeys([*_names(order, properties), *properties])
    return Schema(
        properties={name: properties[name] for name in ordered},
        # some documents require fields that they do not describe: nobody can tell what belongs there
        required=tuple(dict.fromkeys(_names(required, properties))),
        open=more is True or (isinstance(more, dict) and bool(more)),
    )


def _names(value: Any, known: Iterable[str]) -> list[str]:
    return [name for name in value if isinstance(name, str) and name in known] if isinstance(value, list) else []


def _resolved(field: Any, schemas: Any, depth: int = 0, *, forms: bool = True) -> Mapping[str, Any]:
    """Give a field, and the entries of its list, with references followed; what can't be read is not checked.

    So are its `forms`, but not those within a form: of some that name each other there would be no end.
    """
    if not isinstance(field, dict) or depth > _DEEPEST:
        return {}
    found: dict[str, Any] = field
    parts = field.get("allOf")
    reference = (parts[0] if isinstance(parts, list) and len(parts) == 1 else field).get("$ref", "")
    target = schemas.get(reference.rpartition("/")[2]) if isinstance(reference, str) and reference else None
    if isinstance(target, dict):
        found = {**_resolved(target, schemas, depth + 1, forms=forms), **found}
    if "items" in found:
        found = {**found, "items": _resolved(found["items"], schemas, depth + 1, forms=forms)}
    for word in ("anyOf", "oneOf") if forms else ():
        if isinstance(each_of := found.get(word), list):
            found = {**found, word: [_resolved(each, schemas, depth + 1, forms=False) for each in each_of]}
    return found
