"""Whether a value of the configuration is what a field of a request takes, by the field's JSON Schema. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from daemon.atlas.catalogue import forms_of, types_of
from daemon.config.words import said

#: What has a type as JSON Schema names it (json-schema.org, validation 6.1.1); a whole float is an integer there.
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool)
        and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
}
_WORDS: Mapping[str, str] = {
    "string": 'write text in quotation marks, like "…"',
    "boolean": "write true or false, without quotation marks",
    "array": 'write a list, like ["…", "…"]',
    "object": "write a table, like { name = … }",
    "number": "write a number without quotation marks",
    "integer": "write a whole number without quotation marks",
}
#: The schema's word, what it counts, whether it is an upper limit, what is wrong, what would be right.
_LIMITS = (
    ("minimum", "value", False, "is {}", "write {} or more"),
    ("maximum", "value", True, "is {}", "write {} or less"),
    ("exclusiveMinimum", "value", False, "is {}", "write more than {}"),
    ("exclusiveMaximum", "value", True, "is {}", "write less than {}"),
    ("minLength", "characters", False, "has {} characters", "write at least {}"),
    ("maxLength", "characters", True, "has {} characters", "write at most {}"),
    ("minItems", "entries", False, "has {} entries", "write at least {}"),
    ("maxItems", "entries", True, "has {} entries", "write at most {}"),
)
_MOST_NAMED = 20
_DEEPEST = 4


def value_misfit(field: Mapping[str, Any], value: Any, depth: int = 0) -> tuple[str, str] | None:
    """Say what is wrong with `value` for `field` and what would be right; None if all is well or not known."""
    if depth > _DEEPEST:
        return None
    choices = forms_of(field)
    found = [value_misfit(each, value, depth + 1) for each in choices]
    if choices and None not in found:
        return found[0]
    kinds = _kinds(field)
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        return f"is {said(value)}", expected(field)
    allowed = _allowed(field)
    if allowed and value not in allowed:
        return f"is {said(value)}", expected(field)
    return _out_of_range(field, value) or _within(field, value, depth)


def expected(field: Mapping[str, Any]) -> str:
    """Say what a field takes."""
    if allowed := [json.dumps(each, ensure_ascii=False) for each in _allowed(field)]:
        more = ", …" if len(allowed) > _MOST_NAMED else ""
        return f"write one of {', '.join(allowed[:_MOST_NAMED])}{more}"
    return next((_WORDS[kind] for kind in _kinds(field)), "set it as the model's page says")


def _allowed(field: Mapping[str, Any]) -> list[Any]:
    """Give the values of which a field takes one; none where it takes any, or where that can't be told.

    Some schemas list texts for a whole number, or what the entries of a list may be for the list itself.
    """
    values, kinds = field.get("enum"), _kinds(field)
    listed = [each for each in values if each is not None] if isinstance(values, list) else []
    return [each for each in listed if any(_TYPES[kind](each) for kind in kinds)] if kinds else listed


def _kinds(field: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the types that a field takes; none where it has none or one that is not known here."""
    kinds = types_of(field)
    return kinds if all(kind in _TYPES for kind in kinds) else ()


def _out_of_range(field: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    sizes: dict[str, float] = {}
    if isinstance(value, int | float) and not isinstance(value, bool):
        sizes["value"] = value
    elif isinstance(value, str):
        sizes["characters"] = len(value)
    elif isinstance(value, list):
        sizes["entries"] = len(value)
    for word, counted, upper, wrong, right in _LIMITS:
        limit, size = field.get(word), sizes.get(counted)
        if size is None or not isinstance(limit, int | float) or isinstance(limit, bool):
            continue
        if (size > limit if upper else size < limit) or (size == limit and word.startswith("exclusive")):
            return wrong.format(size), right.format(limit)
    return None


def _within(field: Mapping[str, Any], value: Any, depth: int) -> tuple[str, str] | None:
    """Look into the entries of a list; the first that is wrong is told."""
    items = field.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        for number, each in enumerate(value, start=1):
            if found := value_misfit(items, each, depth + 1):
                return f"entry {number} {found[0]}", found[1]
    return None
