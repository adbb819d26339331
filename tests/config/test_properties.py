"""What holds for any configuration: reading it gives Settings or a ConfigError, and prompts are filled whole."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daemon.config import FolderRule, Limits, Settings, fill, parse
from daemon.config.prompt import PLACEHOLDERS, strange
from daemon.errors import ConfigError, Fault

WORDS = st.sampled_from(
    ["", "~", "~/a", "/a", "a/b", "../..", "/", "$x", "image", "keep", "{stem}", "images[]", "http://a"]
)
TEXTS = st.one_of(WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [*Settings.model_fields, *FolderRule.model_fields, *Limits.model_fields, "base_url", "url", "web"]
)
TABLES = st.dictionaries(st.one_of(KEYS, TEXTS), VALUES, max_size=8)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "state_dir": VALUES,
        "api": st.one_of(TABLES, VALUES),
        "limits": st.one_of(TABLES, VALUES),
        "database": st.one_of(TABLES, VALUES),
        "folders": st.one_of(st.dictionaries(TEXTS, st.one_of(TABLES, VALUES), max_size=4), VALUES),
        "strange": VALUES,
    },
)


def toml(value: Any) -> str:
    """Write a value as inline TOML; text with every character that could matter escaped."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + "".join(f"\\U{ord(each):08x}" for each in value) + '"'
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case int() | float():
            return repr(value)
    return str(value.isoformat())


def tried(text: str) -> None:
    found: list[Fault] = []
    try:
        parse(text, "/etc/x.toml", {"HOME": "/home/ada"}, need_key=True)
    except ConfigError as error:
        found = [*error.faults] or [Fault("", "", "")]
    assert all(fault.key and fault.wrong and fault.right for fault in found), found
    assert all(str(fault).isprintable() for fault in found), found


@given(DATA)
def test_any_data_is_read_or_refused_in_words(data: dict[str, Any]) -> None:
    tried("\n".join(f"{toml(key)} = {toml(value)}" for key, value in data.items()))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    tried(text)


@given(st.text(alphabet="{}stemx ", max_size=30), TEXTS)
def test_a_prompt_without_strangers_is_filled_whole(text: str, value: str) -> None:
    if not strange(text):
        filled = fill(text, dict.fromkeys(PLACEHOLDERS, value))
        plain = text.replace("{{", "").replace("}}", "")
        assert filled.count("{") == text.count("{{") + plain.count("{stem}") * value.count("{")


@given(st.text(max_size=40))
def test_plain_braces_come_back(text: str) -> None:
    assert fill(text.replace("{", "{{").replace("}", "}}"), {"stem": "x"}) == text


def test_values_are_not_filled_again() -> None:
    assert fill("{stem} {odd} {{name}} {", {"stem": "{name}", "name": "n"}) == "{name} {odd} {name} {"
