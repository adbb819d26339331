"""Placeholders in a prompt: `{stem}`, `{name}`, `{folder}`, `{date}`; `{{` and `}}` stand for plain braces."""

import re
from collections.abc import Mapping

#: What a rule's prompt may name, and what each becomes.
PLACEHOLDERS: Mapping[str, str] = {
    "stem": "the file's name without its extension",
    "name": "the file's name",
    "folder": "the name of the rule",
    "date": "the day, as 2026-01-31",
}

_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")


def strange(prompt: str) -> list[str]:
    """Give what in `prompt` looks like a placeholder and is none, in order, each once; single braces too."""
    known = {"{{", "}}", *(f"{{{word}}}" for word in PLACEHOLDERS)}
    return list(dict.fromkeys(token for token in _TOKEN.findall(prompt) if token not in known))


def fill(prompt: str, values: Mapping[str, str]) -> str:
    """Put `values` (by placeholder, without braces) into `prompt`.

    What is not in `values` is left as it stands, so a prompt that was never checked (a sidecar's) does no harm;
    braces within a value are not looked at again.
    """

    def replace(match: re.Match[str]) -> str:
        token = match[0]
        if token in {"{{", "}}"}:
            return token[0]
        return values.get(token[1:-1], token) if len(token) > 1 else token

    return _TOKEN.sub(replace, prompt)
