"""The one place where pydantic's findings become plain words: a key, what is wrong, what would be right."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from daemon.config.model import Api, Database, Limits, Logs, Settings
from daemon.config.notify import Notify
from daemon.config.rule import FolderRule
from daemon.config.web import Web
from daemon.errors import ConfigError, Fault

#: The tables of the file; a folder's name stands as `*`. `hidden` are fields that the file does not set.
_TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Settings,
    ("api",): Api,
    ("limits",): Limits,
    ("database",): Database,
    ("logs",): Logs,
    ("notify",): Notify,
    ("web",): Web,
    ("folders", "*"): FolderRule,
}
_HIDDEN = frozenset({"name", "path", "key"})
_KEYS_OF_KEY = frozenset({"key", "api_key", "apikey", "token"})
_BARE = re.compile(r"[A-Za-z0-9_-]+")

Location = tuple[int | str, ...]


def dotted(location: Location) -> str:
    """Write a place in the file as its key: `folders.cats.match`; a name that is no bare TOML key is quoted."""
    parts = [part for part in location if isinstance(part, str) and not part.startswith(("[", "function-"))]
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in parts)


def shown(text: str) -> str:
    """Make `text` fit for one line of a terminal: control characters and bytes that are not UTF-8 are escaped."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def one_line(fault: Fault) -> Fault:
    """Give the fault with all of its texts fit for a terminal."""
    return Fault(shown(fault.key), shown(fault.wrong), shown(fault.right))


def refusal(faults: list[Fault], path: str | None = None) -> ConfigError:
    """Make the error that carries `faults`; `path` is the configuration file."""
    return ConfigError([one_line(fault) for fault in faults], path)


def stray(data: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Take out of the file's data what only the program itself sets, with a fault for each.

    An API key written into the file is among it: it is named, never shown.
    """
    data, faults = dict(data), []
    if "path" in data:
        del data["path"]
        faults.append(unknown(("path",)))
    if isinstance(data.get("api"), dict):
        data["api"] = dict(data["api"])
        for name in sorted(_KEYS_OF_KEY & data["api"].keys()):
            del data["api"][name]
            right = "set $ATLASCLOUD_API_KEY, or put the key into a file of its own and name that as api_key_file"
            faults.append(Fault(f"api.{name}", "the API key does not belong in this file", right))
    if isinstance(data.get("folders"), dict):
        data["folders"] = dict(data["folders"])
        for folder, rule in data["folders"].items():
            if isinstance(rule, dict) and "name" in rule:
                data["folders"][folder] = {key: value for key, value in rule.items() if key != "name"}
                faults.append(unknown(("folders", folder, "name")))
    return data, faults


def unknown(location: Location) -> Fault:
    """Make the fault of a key that is not known at `location`, with the nearest name that is."""
    name, key = str(location[-1]), dotted(location)
    own = _keys(location[:-1])
    if near := difflib.get_close_matches(name.lower().replace("-", "_"), own, n=1, cutoff=0.6):
        return Fault(key, "there is no such key", f'write "{near[0]}"')
    if elsewhere := [_header(table) for table in _TABLES if name in _keys(table)]:
        return Fault(key, "there is no such key here", f'"{name}" belongs {elsewhere[0]}')
    return Fault(key, "there is no such key", f"take it out; known here: {', '.join(own)}")


def _keys(location: Location) -> list[str]:
    table = tuple("*" if index == 1 else str(part) for index, part in enumerate(location))
    model = _TABLES.get(table)
    return [name for name in model.model_fields if name not in _HIDDEN] if model else []


def _header(table: tuple[str, ...]) -> str:
    return f"under [{'.'.join(table).replace('*', 'NAME')}]" if table else "at the top, before the first table"


def translate(error: ValidationError, within: Location = ()) -> list[Fault]:
    """Put every finding of pydantic into words, in the order of the model; `within`: its place in the file."""
    # a default that depends on another field is not made where that field is wrong: no fault of its own
    told = [each for each in error.errors(include_url=False) if each["type"] != "default_factory_not_called"]
    found = [_fault({**each, "loc": (*within, *each["loc"])}) for each in told]
    return list(dict.fromkeys(found))


def _fault(error: Mapping[str, Any]) -> Fault:
    location: Location = error["loc"]
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown(location)
    if location[-1] == "name":  # a rule's name is the table's own
        location = location[:-1]
    if kind == "refused":
        return Fault(dotted(location), context["wrong"], context["right"])
    if kind == "missing":
        return Fault(dotted(location), "is missing", _example(location))
    if kind in {"model_type", "dict_type"}:
        return Fault(dotted(location), f"is {said(error['input'])}", _as_table(location))
    words = _RIGHT.get(kind)
    right = words(context) if words else f"see the shipped example ({error['msg']})"
    return Fault(dotted(location), f"is {said(error['input'])}", right)


_RIGHT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: 'write text in quotation marks, like "…"',
    "int_type": lambda _: "write a whole number without quotation marks",
    "int_parsing_size": lambda _: "write a smaller number",
    "float_type": lambda _: "write a number without quotation marks",
    "bool_type": lambda _: "write true or false, without quotation marks",
    "literal_error": lambda context: f"write one of {context['expected']}",
    "tuple_type": lambda _: 'write a list, like ["*.jpg", "*.png"]',
    "too_short": lambda _: "write at least one, or take the key out",
    "greater_than": lambda context: f"write a number above {context['gt']:g}",
    "greater_than_equal": lambda context: f"write {context['ge']:g} or more",
    "less_than_equal": lambda context: f"write {context['le']:.10g} or less",
    "finite_number": lambda _: "write an ordinary number",
}

_EXAMPLES: Mapping[str, str] = {
    "folders": "write at least one table [folders.NAME]",
    "inbox": 'name the folder that files are dropped into, like inbox = "~/Atlas/inbox/cats"',
    "outbox": 'name the folder for results, like outbox = "~/Atlas/outbox/cats"',
    "kind": 'say what is generated: kind = "image", "video" or "audio"',
    "model": 'name the model, like model = "google/nano-banana-2/edit"',
}


def _example(location: Location) -> str:
    return _EXAMPLES.get(str(location[-1]), "write it")


def _as_table(location: Location) -> str:
    if location == ("folders",):
        return "write tables [folders.NAME]"
    if location[-1] == "params":
        return 'write it like params = { aspect_ratio = "1:1" }'
    return f"write a table [{dotted(location)}]"


def said(value: object) -> str:
    """Show a value as it may have stood in the file, and of what type it is."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{value if len(value) <= 60 else value[:59] + "…"}"' if value else "an empty text"
        case int() | float():
            return (
                f"the number {value:.15g}" if isinstance(value, float) or abs(value) < 10**15 else "a huge number"
            )
        case dict():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return "a date or time"
