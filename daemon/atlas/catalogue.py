"""The models that the API offers and what their requests may hold, checked before anything is paid. Pure.

Facts are from the catalogue `GET /api/v1/models` and the OpenAPI document that each of its entries names as
`schema`.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from daemon.atlas.text import encodable
from daemon.atlas.wire import Malformed


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue. `price` is USD, a floor: what is charged can be several times as much."""

    id: str
    type: str  # Image, Video, Audio, Text
    price: float | None
    schema_url: str | None

    @property
    def kind(self) -> str:
        """The kind of generate call that it takes: `image`, `video`, `audio`; another word: none of these."""
        word = self.type.lower()
        return "image" if word == "3d" else word


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields that a model's request may hold, by name, each as JSON Schema, and those that it must hold."""

    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()


def parse(answer: Any) -> tuple[Model, ...]:
    """Read the catalogue; entries that are not displayed are left out. Raises Malformed."""
    entries = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(entries, list):
        raise Malformed("no list of models")
    return tuple(_model(entry) for entry in entries if _displayed(entry))


def _displayed(entry: Any) -> bool:
    shown = isinstance(entry, dict) and entry.get("display_console") is not False
    return shown and isinstance(entry.get("model"), str)


def _model(entry: Mapping[str, Any]) -> Model:
    schema = entry.get("schema")
    return Model(
        id=encodable(entry["model"]),
        type=str(entry.get("type", "")),
        price=_price(entry.get("price")),
        schema_url=schema if isinstance(schema, str) and schema else None,
    )


def _price(price: Any) -> float | None:
    actual = price.get("actual") if isinstance(price, dict) else None
    try:
        value = float(actual["base_price"]) if isinstance(actual, dict) else math.nan
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and value >= 0 else None


def parse_schema(document: Any) -> Schema:
    """Read `components.schemas.Input` of a model's OpenAPI document; raises Malformed."""
    try:
        schemas = document["components"]["schemas"]
        declared = schemas["Input"]
        fields = declared["properties"].items()
        properties = {str(name): _resolved(field, schemas) for name, field in fields}
        required = declared.get("required") or ()
    except (KeyError, TypeError, AttributeError):
        raise Malformed("no schema of the model's input") from None
    return Schema(properties, tuple(name for name in required if isinstance(name, str)))


def _resolved(field: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a field with the one reference that it may consist of followed; one without a type is not checked."""
    if not isinstance(field, dict):
        return {}
    parts = field.get("allOf")
    reference = (parts[0] if isinstance(parts, list) and len(parts) == 1 else field).get("$ref", "")
    target = schemas.get(reference.rpartition("/")[2]) if isinstance(reference, str) and reference else None
    return {**target, **field} if isinstance(target, dict) else field


def model_faults(model: str, kind: str, models: Iterable[Model]) -> list[str]:
    """Say what is wrong with a rule's `model` and `kind`; nothing if the catalogue has it."""
    known = {entry.id: entry for entry in models}
    found = known.get(model)
    if found is None:
        return [f'the catalogue has no model "{model}"{_nearest(model, known)}']
    if found.kind != kind:
        return [f'"{model}" is a model of type {found.type}, but the rule\'s kind is "{kind}"']
    return []


def schema_faults(
    schema: Schema, *, input_field: str | Literal[False], params: Mapping[str, Any], prompt: bool = True
) -> list[str]:
    """Say what is wrong with a rule's `input` and `params` for a model of this schema.

    `input_field` as in the rule (`images[]` for a list), `prompt`: whether requests will hold one.
    """
    faults = [] if input_field is False else _input_faults(schema, input_field)
    for name, value in params.items():
        faults += [f"params: {fault}" for fault in _param_faults(schema, name, value)]
    given = {"model", *params, *({"prompt"} if prompt else ())}
    if input_field is not False:
        given.add(input_field.removesuffix("[]"))
    for name in schema.required:
        if name not in given and "default" not in schema.properties.get(name, {}):
            faults.append(f'the model needs "{name}"; set it under params')
    return faults


def _input_faults(schema: Schema, field: str) -> list[str]:
    name, is_list = field.removesuffix("[]"), field.endswith("[]")
    if name not in schema.properties:
        media = [known for known in schema.properties if known not in {"model", "prompt"}]
        return [f'input: the model has no field "{name}"{_nearest(name, media)}']
    kind = schema.properties[name].get("type")
    if kind == "array" and not is_list:
        return [f'input: "{name}" is a list; write "{name}[]"']
    if kind == "string" and is_list:
        return [f'input: "{name}" is not a list; write "{name}"']
    return []


def _param_faults(schema: Schema, name: str, value: Any) -> list[str]:
    if name not in schema.properties:
        return [f'the model has no field "{name}"{_nearest(name, schema.properties)}']
    field = schema.properties[name]
    kind = field.get("type")
    if isinstance(kind, str) and not _is_of(kind, value):
        return [f'"{name}" has to be of type {kind}']
    allowed = field.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        return [f'"{name}" has to be one of {", ".join(str(entry) for entry in allowed[:20])}']
    return _range_faults(name, value, field)


def _is_of(kind: str, value: Any) -> bool:
    """Tell whether a value is of a JSON Schema type; of a type that is not known here, every value is."""
    if kind in {"integer", "number"}:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and (whole or (kind == "number" and isinstance(value, float)))
    types = {"string": str, "boolean": bool, "array": list, "object": dict}
    return isinstance(value, types.get(kind, object))


#: JSON Schema's word, whether it counts the length, whether it is an upper limit, and what to say.
_LIMITS = (
    ("minimum", False, False, "at least {}"),
    ("maximum", False, True, "at most {}"),
    ("minLength", True, False, "at least {} characters long"),
    ("maxLength", True, True, "at most {} characters long"),
    ("minItems", True, False, "a list of at least {}"),
    ("maxItems", True, True, "a list of at most {}"),
)


def _range_faults(name: str, value: Any, field: Mapping[str, Any]) -> list[str]:
    faults = []
    for word, by_length, upper, sentence in _LIMITS:
        limit = field.get(word)
        fits = isinstance(value, (list if word.endswith("Items") else str) if by_length else (int, float))
        if not fits or isinstance(value, bool) or not isinstance(limit, int | float):
            continue
        size = len(value) if by_length else value
        if size > limit if upper else size < limit:
            faults.append(f'"{name}" has to be {sentence.format(limit)}')
    return faults


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; the nearest are {', '.join(near)}" if near else ""
