"""What is pinned is what pyproject.toml asks for, and CONTRIBUTING.md says why each of it is there."""

import os
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docs.pages import ROOT


def project() -> dict[str, Any]:
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return tomllib.load(file)


def runtime() -> list[Requirement]:
    """Give what the daemon runs with, its extras included."""
    table = project()["project"]
    extras = [line for lines in table["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in table["dependencies"] + extras]


def with_tests() -> list[Requirement]:
    return runtime() + [Requirement(line) for line in project()["dependency-groups"]["dev"]]


def pins(name: str) -> dict[str, str]:
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", file.read(), re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "wanted"), [("requirements.txt", runtime()), (".ci/requirements.txt", with_tests())]
)
def test_every_requirement_is_pinned_within_its_bounds(name: str, wanted: list[Requirement]) -> None:
    pinned = pins(name)
    for requirement in wanted:
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {name}: run .ci/lock"
        assert requirement.specifier.contains(version), f"{requirement} and {version}: run .ci/lock"


def test_the_tests_run_with_the_versions_that_people_install() -> None:
    assert pins("requirements.txt").items() <= pins(".ci/requirements.txt").items()


def test_each_run_time_dependency_has_its_reason() -> None:
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as file:
        page = file.read().partition("## Run-time dependencies")[2]
    named = set(re.findall(r"^\| ([a-z][a-z0-9-]*)(?: \(extra [^)]*\))? \| \S", page, re.MULTILINE)) - {"package"}
    assert named == {requirement.name for requirement in runtime()}
