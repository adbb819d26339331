"""Whether a rule fits its model: the catalogue has it, and its schema takes what the rule sends. Pure.

What is found names the key of the rule, what is wrong with it and what would be right. A schema that says
something in a way that is not known here says nothing: only what is certain is found.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from daemon.atlas.catalogue import Model, Schema, takes_list, types_of
from daemon.atlas.inputs import input_for, media_kind
from daemon.atlas.values import expected, value_misfit

#: Fields of every generate call, which schemas need not list.
COMMON = frozenset({"webhook_url", "enable_base64_output", "enable_sync_mode"})
_KINDS = frozenset({"image", "video", "audio"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """What in a rule its model does not take; `place` is the key below the rule, like `("params", "seed")`."""

    place: tuple[str, ...]
    wrong: str
    right: str


def model_misfit(model: str, kind: str, found: Model | None, listed: Iterable[Model]) -> Misfit | None:
    """Say what is wrong with a rule's `model` and `kind`; None if all is well.

    `found` is what the catalogue has under that id, `listed` what it offers.
    """
    if found is None:
        near = _nearest(model, [entry.id for entry in listed])
        right = _write(near) or "copy the id of one that `hotfolder models` lists"
        return Misfit(("model",), f'"{model}" is not in the catalogue', right)
    if found.kind == "text":
        right = "choose a model that makes images, videos or sounds; `hotfolder models` lists them"
        return Misfit(("model",), f'"{model}" answers with text', right)
    if found.kind in _KINDS and found.kind != kind:
        right = f'write "{found.kind}", or choose another model; `hotfolder models` lists them'
        return Misfit(("kind",), f'is "{kind}", and "{model}" is for {found.kind}', right)
    return None


def schema_misfits(
    schema: Schema, *, model: str, input_field: str | Literal[False], params: Mapping[str, Any], prompt: str = ""
) -> list[Misfit]:
    """Say what of a rule's `input`, `prompt` and `params` a model of this schema does not take or misses.

    `input_field` is as in the rule: `images[]` for a list, False where each file is a prompt. Whether there will
    be a prompt is not judged: a file may bring its own.
    """
    found = _of_input(schema, model, input_field, params)
    found += _of_prompt(schema, model, prompt)
    for name, value in params.items():
        found += _of_param(schema, model, name, value)
    given = {"model", "prompt", *params, *({misfit.place[-1] for misfit in found})}
    given.add("" if input_field is False else input_field.removesuffix("[]"))
    # where the input is wrong anyway, what it should be is said there
    excused = media_kind if any(misfit.place == ("input",) for misfit in found) else _never
    for name in schema.required:
        field = schema.properties[name]
        if name not in given and "default" not in field and not excused(name, field):
            found.append(Misfit(("params", name), f'is missing, and "{model}" needs it', expected(field)))
    return found


def _of_input(
    schema: Schema, model: str, input_field: str | Literal[False], params: Mapping[str, Any]
) -> list[Misfit]:
    own = input_for(schema, model=model, taken=params)
    if input_field is False:
        if own is not False and own.removesuffix("[]") in schema.required:
            return [Misfit(("input",), f'is false, and "{model}" needs a file', f'write "{own}"')]
        if "prompt" not in schema.properties and not schema.open:
            right = "choose another model; `hotfolder models` lists them" if own is False else f'write "{own}"'
            return [Misfit(("input",), f'is false, and "{model}" takes no prompt', right)]
        return []
    name, is_list = input_field.removesuffix("[]"), input_field.endswith("[]")
    if name not in schema.properties:
        return [] if schema.open else [_unknown_input(schema, model, name, own)]
    field = schema.properties[name]
    if takes_list(field) and not is_list:
        return [Misfit(("input",), f'is "{name}", which is a list', f'write "{name}[]"')]
    if is_list and "array" not in (types_of(field) or ("array",)):
        return [Misfit(("input",), f'is "{name}[]", and "{name}" is not a list', f'write "{name}"')]
    return []


def _unknown_input(schema: Schema, model: str, name: str, own: str | Literal[False]) -> Misfit:
    wrong = f'is "{name}", and "{model}" has no such field'
    media = {each: field for each, field in schema.properties.items() if media_kind(each, field) is not None}
    if near := _nearest(name, media):
        return Misfit(("input",), wrong, f'write "{near}{"[]" if takes_list(media[near]) else ""}"')
    right = "write false: this model works from texts" if own is False else f'write "{own}"'
    return Misfit(("input",), wrong, right)


def _of_prompt(schema: Schema, model: str, prompt: str) -> list[Misfit]:
    if not prompt:
        return []
    if "prompt" not in schema.properties:
        return [] if schema.open else [Misfit(("prompt",), f'is given, and "{model}" takes none', "take it out")]
    if "{" in prompt or "}" in prompt:  # its length is known only when the placeholders are filled in
        return []
    return _at(("prompt",), value_misfit(schema.properties["prompt"], prompt))


def _of_param(schema: Schema, model: str, name: str, value: Any) -> list[Misfit]:
    if name in schema.properties:
        return _at(("params", name), value_misfit(schema.properties[name], value))
    if schema.open or name in COMMON:
        return []
    fields = [field for field in schema.properties if field not in {"model", "prompt"}]
    right = _write(_nearest(name, fields)) or f"take it out; it has {', '.join(fields[:30])}"
    return [Misfit(("params", name), f'is no field of "{model}"', right)]


def _at(place: tuple[str, ...], wrong_and_right: tuple[str, str] | None) -> list[Misfit]:
    return [] if wrong_and_right is None else [Misfit(place, *wrong_and_right)]


def _never(_name: str, _field: Mapping[str, Any]) -> None:
    return None


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def _write(name: str | None) -> str:
    return "" if name is None else f'write "{name}"'
