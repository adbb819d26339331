"""Both units hold what systemd understands, and the system unit gives a service little to reach for."""

import os
import re
import shutil
import subprocess

import pytest

from tests.conftest import Figure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = ["hotfolder.service", "hotfolder-user.service"]

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(directory: os.PathLike[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; the user manager's half of it wants a runtime directory."""
    environ = {**os.environ, "XDG_RUNTIME_DIR": os.fspath(directory)}
    return subprocess.run(
        ["systemd-analyze", *arguments], env=environ, capture_output=True, text=True, check=False
    )


def runnable(unit: str, directory: os.PathLike[str]) -> str:
    """Copy a unit with a program that is there in ExecStart: `verify` asks for one."""
    with open(os.path.join(ROOT, "systemd", unit), encoding="utf-8") as file:
        lines = ["ExecStart=/bin/true run\n" if line.startswith("ExecStart=") else line for line in file]
    assert lines.count("ExecStart=/bin/true run\n") == 1
    copy = os.path.join(directory, unit)
    with open(copy, "w", encoding="utf-8") as file:
        file.writelines(lines)
    return copy


def verify(copy: str, directory: os.PathLike[str]) -> subprocess.CompletedProcess[str]:
    manager = "--user" if "user" in os.path.basename(copy) else "--system"
    return analyze(directory, manager, "verify", "--recursive-errors=no", copy)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit(unit: str, tmp_path: os.PathLike[str]) -> None:
    result = verify(runnable(unit, tmp_path), tmp_path)
    assert result.returncode == 0, result.stderr
    assert unit not in result.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_an_unknown_key_would_be_found(unit: str, tmp_path: os.PathLike[str]) -> None:
    copy = runnable(unit, tmp_path)
    with open(copy, "a", encoding="utf-8") as file:
        file.write("[Service]\nProtectEverything=yes\n")
    result = verify(copy, tmp_path)
    assert result.returncode != 0
    assert "ProtectEverything" in result.stderr


def test_the_system_unit_is_exposed_by_at_most_1_2(tmp_path: os.PathLike[str], figure: Figure) -> None:
    copy = runnable("hotfolder.service", tmp_path)
    result = analyze(tmp_path, "security", "--offline=true", "--threshold=12", copy)
    level = re.search(r"Overall exposure level for hotfolder\.service: ([0-9.]+) ", result.stdout)
    assert level is not None, result.stdout
    figure("exposure of the system unit", level[1])
    assert float(level[1]) <= 1.2
    assert result.returncode == 0, result.stdout
