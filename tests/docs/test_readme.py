"""What the README shows is real: its commands exist, its configuration loads, its set-up is one line."""

import os
import re
import subprocess
import sys

import pytest

from daemon import config
from tests.docs import readme


def test_the_first_two_blocks_are_one_line_each() -> None:
    first, second = readme.blocks("sh")[:2]
    assert [len(block.lines) for block in (first, second)] == [1, 1]
    assert first.lines[0].endswith(" && .venv/bin/hotfolder demo")
    assert second.lines[0].endswith(" && .venv/bin/pytest")


def test_the_requirement_files_it_names_are_there_and_hashed() -> None:
    named = re.findall(r"pip install -q -r (\S+)", readme.text())
    assert set(named) == {"requirements.txt", ".ci/requirements.txt"}
    for name in set(named):
        with open(os.path.join(readme.ROOT, name), encoding="utf-8") as file:
            content = file.read()
        assert content.count("--hash=sha256:") >= len(re.findall(r"^\S+==", content, re.MULTILINE)) > 0
        assert "://" not in content


def test_the_configuration_it_shows_loads() -> None:
    (block,) = readme.blocks("toml")
    settings = config.parse("\n".join(block.lines), None, {"HOME": "/home/anna"}, need_key=False)
    assert settings.folders["oil-painting"].inbox == "/home/anna/Atlas/inbox/oil-painting"


@pytest.mark.parametrize("command", sorted(readme.named_commands()))
def test_each_command_it_names_has_the_options_it_names(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "daemon", command, "--help"],
        cwd=readme.ROOT,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    said = set(re.findall(r"--[a-z][a-z-]*", result.stdout))
    assert readme.named_commands()[command] <= said


def test_files_it_links_to_are_there() -> None:
    for link in re.findall(r"\]\((?!https?://)([^)#]+)\)", readme.text()):
        assert os.path.exists(os.path.join(readme.ROOT, link)), link
