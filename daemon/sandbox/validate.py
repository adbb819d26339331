"""Whether the body of a generate call fits its model's schema; the refusal names the field. Pure."""

from collections.abc import Mapping
from typing import Any

from daemon.sandbox.answers import Refusal
from daemon.sandbox.catalogue import SandboxModel

#: Fields of every generate call, which no schema lists.
_COMMON = frozenset({"model", "webhook_url", "enable_base64_output", "enable_sync_mode"})
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def check_body(model: SandboxModel, body: Mapping[str, Any]) -> None:
    """Raise Refusal(400) for the first field that is missing, unknown, or of a wrong type or range."""
    if model.anything:
        return
    for name in model.required:
        if body.get(name) in (None, "", []):
            raise Refusal(400, f"{name} is required by {model.id}")
    for name, value in body.items():
        if name in _COMMON:
            continue
        if name not in model.properties:
            raise Refusal(400, f"{name} is not a field of {model.id}")
        fault = _fault(model.properties[name], value)
        if fault:
            raise Refusal(400, f"{name} {fault}")


def _fault(schema: Mapping[str, Any], value: object) -> str | None:
    kind = schema["type"]
    # bool is an int to Python, and not to JSON
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"must be of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, int | float):
        return _out_of(value, schema.get("minimum"), schema.get("maximum"), "must be")
    if isinstance(value, str):
        return _out_of(len(value), None, schema.get("maxLength"), "must have a length of")
    if isinstance(value, list):
        return _out_of(len(value), schema.get("minItems"), schema.get("maxItems"), "must have a count of")
    return None


def _out_of(number: float, least: float | None, most: float | None, words: str) -> str | None:
    if least is not None and number < least:
        return f"{words} at least {least}"
    if most is not None and number > most:
        return f"{words} at most {most}"
    return None


def media_fields(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give (field, URL) of every URL that the body hands in as input, in the order of the body."""
    found = []
    for name, value in body.items():
        if name in ("prompt", "webhook_url"):
            continue
        values = value if isinstance(value, list) else [value]
        found += [
            (name, item)
            for item in values
            if isinstance(item, str) and (item.startswith(("http://", "https://")) or _means_media(name))
        ]
    return found


def _means_media(name: str) -> bool:
    parts = name.split("_")
    return any(word in parts for word in ("image", "images", "video", "audio")) and parts[-1] != "format"
