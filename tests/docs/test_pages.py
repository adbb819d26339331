"""What the pages show is real: configurations load, rules fit their models, commands, links and codes exist."""

import ast
import os
import re
from collections.abc import Iterator

import pytest

from daemon import config
from daemon.check import Level, findings
from daemon.cli.app import app
from daemon.gates.gate import _STOPS
from daemon.sandbox.server import Sandbox
from tests.docs import pages
from tests.docs.pages import ROOT

#: Bases of the tree of errors: what is raised has a code of its own.
BASES = {"error", "blocked", "withheld", "source"}
TROUBLES = (
    "A file lies in `failed/`",
    "A job is held for a person",
    "Everything waits",
    "A job tries again by itself",
)


def test_the_first_two_blocks_are_one_line_each() -> None:
    first, second = pages.blocks("sh", page="README.md")[:2]
    assert [len(block.lines) for block in (first, second)] == [1, 1]
    assert first.lines[0].endswith(" && .venv/bin/hotfolder demo")
    assert second.lines[0].endswith(" && .venv/bin/pytest")


def test_the_requirement_files_they_name_are_there_and_hashed() -> None:
    named = {name for page in pages.pages() for name in re.findall(r"pip install -q -r (\S+)", pages.text(page))}
    assert named == {"requirements.txt", ".ci/requirements.txt"}
    for name in named:
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            content = file.read()
        assert content.count("--hash=sha256:") >= len(re.findall(r"^\S+==", content, re.MULTILINE)) > 0
        assert "://" not in content


def test_the_configuration_that_the_readme_shows_loads() -> None:
    (block,) = pages.blocks("toml", page="README.md")
    settings = config.parse("\n".join(block.lines), None, {"HOME": "/home/anna"}, need_key=False)
    assert settings.folders["oil-painting"].inbox == "/home/anna/Atlas/inbox/oil-painting"


def test_each_rule_of_the_cookbook_fits_its_model(tmp_path: os.PathLike[str]) -> None:
    rules = pages.blocks("toml", page="docs/cookbook.md")
    assert len(rules) >= 10
    text = "\n".join(line for block in rules for line in block.lines)
    environ = {"HOME": os.fspath(tmp_path), "ATLASCLOUD_API_KEY": "apikey-of-the-tests"}
    with Sandbox() as sandbox:
        environ["ATLASCLOUD_BASE_URL"] = sandbox.url
        settings = config.parse(text, None, environ, need_key=True)
        assert config.make_folders(settings, {}, lambda _: "/") == []
        wrong = [each for each in findings(settings, environ, offline=False) if each.level is not Level.OK]
    assert wrong == []
    assert len(settings.folders) == len(rules)


def _commands() -> dict[str, set[str]]:
    """Give every command with its options, as typer knows them."""
    import typer

    group = typer.main.get_command(app)
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        found[name] = options | {"--help"}
    return found


@pytest.mark.parametrize("page", pages.pages())
def test_each_command_it_names_is_there_with_the_options_it_names(page: str) -> None:
    there = _commands()
    for command, options in pages.named_commands(page).items():
        assert command in there, f"hotfolder {command}"
        assert options <= there[command], f"hotfolder {command}"


def test_the_readme_names_every_command() -> None:
    assert set(_commands()) == set(pages.named_commands("README.md"))


@pytest.mark.parametrize("page", pages.pages())
def test_what_it_links_to_is_there(page: str) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", pages.text(page)):
        target, _, fragment = link.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        assert os.path.exists(os.path.join(ROOT, path)), link
        assert not fragment or fragment in pages.anchors(path), link


def codes() -> Iterator[str]:
    """Give every code that the daemon's source holds: of errors, of files that can't be used, of gates."""
    yield from _STOPS
    for directory, _, names in os.walk(os.path.join(ROOT, "daemon")):
        for name in names:
            if name.endswith(".py") and "sandbox" not in directory:
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    yield from _codes_in(ast.parse(file.read()))


def _codes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                yield code
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                yield code
            case ast.Call(func=ast.Name(id="Flaw" | "Hold" | "Fail"), args=[ast.Constant(value=str(code)), *_]):
                yield code
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    match key, value:
                        case ast.Constant(value="error_code"), ast.Constant(value=str(code)):
                            yield code
            case ast.AnnAssign(target=ast.Name(id="_REJECTIONS" | "_OTHER_REJECTION"), value=ast.expr() as value):
                yield from _words(value)
            case ast.Assign(targets=[ast.Name(id="_OTHER_REJECTION")], value=value):
                yield from _words(value)


def _words(tree: ast.expr) -> Iterator[str]:
    """Give the constants that are one lower-case word."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(word)) if re.fullmatch(r"[a-z_]+", word):
                yield word


def test_every_code_is_told_with_its_meaning_and_none_that_is_not() -> None:
    rows = [row for heading in TROUBLES for row in pages.table("docs/troubleshooting.md", heading)]
    told = [code for row in rows for code in re.findall(r"`([a-z_]+)`", row[0])]
    assert len(told) == len(set(told))
    assert set(told) == set(codes()) - BASES
    assert all(len(row) >= 2 and all(cell.strip() for cell in row[1:]) for row in rows)


def test_messages_at_the_start_are_the_daemons_own_words() -> None:
    texts = []
    for directory, _, names in os.walk(os.path.join(ROOT, "daemon")):
        for name in (name for name in names if name.endswith(".py")):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                texts.append(file.read())
    source = "".join(texts)
    rows = pages.table("docs/troubleshooting.md", "It does not start")
    quoted = [said for row in rows for said in re.findall(r"`([^`]+)`", row[0])]
    assert len(quoted) > 5
    assert [said for said in quoted if said.rstrip(" …") not in source] == []
