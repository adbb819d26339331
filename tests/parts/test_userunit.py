"""The unit for one person's service, fitted to where things are."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from daemon import config
from daemon.setup import userunit
from daemon.setup.userunit import Place
from tests.config.texts import folder
from tests.docs.pages import ROOT

PLACE = Place("/opt/a b/bin/hotfolder", "/home/anna/con fig/hotfolder.toml", ["/home/anna/Atlas", "/srv/100 %"])


def lines_of(place: Place) -> list[str]:
    return userunit.fitted(userunit.shipped(), place).splitlines()


def test_the_paths_of_the_installation_stand_in_the_unit() -> None:
    lines = lines_of(PLACE)
    assert 'ExecStart="/opt/a b/bin/hotfolder" run' in lines
    assert 'Environment="HOTFOLDER_CONFIG=/home/anna/con fig/hotfolder.toml"' in lines
    assert 'ReadWritePaths="/home/anna/Atlas" "/srv/100 %%"' in lines
    assert not [line for line in lines if line.startswith("LoadCredential")]
    assert "WatchdogSec=60" in lines


def test_an_encrypted_key_is_handed_over_by_systemd() -> None:
    lines = lines_of(Place("/p", "/c", ["/w"], credential="/home/anna/api-key.cred"))
    assert "LoadCredentialEncrypted=atlas-api-key:/home/anna/api-key.cred" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    program = tmp_path / "a b" / "hotfolder"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "hotfolder.service"
    unit.write_text("\n".join(lines_of(Place(str(program), "/x y/h.toml", ["/home/anna/At las"]))) + "\n")
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_may_write_to_the_common_parents_and_what_lies_elsewhere() -> None:
    text = 'state_dir = "/home/anna/new/state"\n' + folder(inbox='"/home/anna/Atlas/in"', outbox='"/srv/out"')
    settings = config.parse(text, None, {}, need_key=False)
    found = userunit.writable(settings, "/home/anna/new", {"HOME": "/home/anna"})
    assert found == ["/home/anna/new", "/home/anna/Atlas", "/srv/out"]


def test_the_units_are_among_what_is_installed() -> None:
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        installed = tomllib.load(file)["tool"]["setuptools"]["data-files"]
    assert installed == {"share/atlas-hotfolder/systemd": ["systemd/*.service"]}
