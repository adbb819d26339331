"""The list of promises in `tests/README.md` names tests that are there, and no promise is without one."""

import ast
import os
import re

import pytest

from tests.docs.pages import ROOT

TESTS = os.path.join(ROOT, "tests")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[str, str]]:
    """Give the page's rows: a promise, and what shows it."""
    with open(os.path.join(TESTS, "README.md"), encoding="utf-8") as file:
        lines = [line.strip("|\n").rsplit(" | ", 1) for line in file if line.startswith("| ")]
    return [(row[0].strip(), row[1].strip()) for row in lines if row[1].strip() not in {"shown by", "---"}]


def names_in(path: str) -> set[str]:
    with open(os.path.join(TESTS, path), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_page_is_read_whole() -> None:
    assert len(rows()) > 40


@pytest.mark.parametrize(("promise", "shown"), rows())
def test_what_shows_a_promise_is_there(promise: str, shown: str) -> None:
    named = NAMED.findall(shown)
    assert named, f"no test for: {promise}"
    assert NAMED.sub("", shown).replace(",", "").strip() == "", f"not a test: {shown}"
    missing = [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert not missing, f"{promise}: {missing}"
