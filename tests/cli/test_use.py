"""Help, version and wrong use: quick, short, and telling what would be right."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.cli.house import House
from tests.docs.pages import ROOT

COMMANDS = (
    "demo run check status page jobs show retry attach cancel pause resume try models notify sandbox init".split()  # noqa: SIM905
)
#: What makes a start slow, or is not needed to say what a command does.
HEAVY = {"sqlmodel", "sqlalchemy", "starlette", "uvicorn", "apscheduler", "alembic", "requests", "PIL"}
HEAVY |= {"apprise", "prometheus_client"}
LOADED = """
import sys
from daemon.cli import main
sys.argv[0] = "hotfolder"
try:
    main()
except SystemExit:
    print("loaded:", *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example_that_is_right(command: str, house: House) -> None:
    said = " ".join(house.run(command, "--help").stdout.split())
    example = re.search(r"Example: hotfolder (.+)$", said)
    assert example is not None
    words = shlex.split(example[1])
    assert words[0] == command
    options = [word for word in words if word.startswith("--")]
    assert all(option in said.partition("Example:")[0] for option in options)


def test_the_first_page_names_every_command(house: House) -> None:
    said = house.run("--help").stdout
    assert all(re.search(rf"^│ {command} ", said, re.MULTILINE) for command in COMMANDS)
    assert house.run().stdout == said


def test_the_version_is_told(house: House) -> None:
    assert re.fullmatch(r"hotfolder \d+\.\d+\.\d+\n", house.run("--version").stdout)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["jobs", "--nonsense"], ["nonsense"]]
)
def test_help_and_wrong_use_load_nothing_heavy(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stdout.rpartition("loaded:")[2].split())
    assert "daemon" in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["show"],
        ["show", "seven"],
        ["jobs", "--state", "lost"],
        ["jobs", "--limit", "0"],
        ["retry"],
        ["try", "cat.jpg"],
        ["sandbox", "--port", "70000"],
        ["models", "--type", "smell"],
        ["init", "--kind", "smell"],
    ],
)
def test_wrong_use_is_told_in_two_lines_at_most(arguments: list[str], house: House) -> None:
    result = house.run(*arguments, code=2)
    assert result.stdout == ""
    assert 1 <= len(result.stderr.splitlines()) <= 2


def test_a_reader_that_leaves_early_is_no_trouble(house: House) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    process = house.start("jobs", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read().splitlines() == [f"table: {house.path('state', 'jobs.db')}"]
    process.wait(20)
    process.stderr.close()
