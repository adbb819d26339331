"""The instructions of docs/operations.md, carried out inside a machine.

A machine has no network, so two things differ: pip's lines are done by copying what is installed beside the tests
that run, and the Python is one that a service can see. Everything else is the page's, line by line.
"""

import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from tests.docs.pages import ROOT, blocks
from tests.systemd.machine import Machine
from tests.systemd.service import PORT

CHECKOUT = "/usr/src/atlas-hotfolder"
KEY = "apikey-of-the-tests\n"
#: The hardened unit sees none of these.
HIDDEN = ("/root/", "/home/", "/run/user/", "/tmp/", "/var/tmp/")
SCRIPT = """#!{prefix}/bin/python
import sys
from daemon.cli import main
sys.exit(main())
"""


def copy_checkout(machine: Machine) -> None:
    """Put what the page's lines need of a clone where everybody in the machine can read it."""
    target = machine.path(CHECKOUT)
    os.makedirs(target)
    for name in ("config", "systemd", "daemon"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(os.path.join(ROOT, name), os.path.join(target, name), ignore=ignored)
    machine.run("chmod", "-R", "a+rX", CHECKOUT)


def follow(machine: Machine, heading: str, *, person: str | None = None) -> None:
    """Carry out every shell line under a heading, as root or as a person with a running manager."""
    page = "docs/operations.md"
    lines = [line for block in blocks("sh", page=page, heading=heading) for line in block.lines]
    assert lines, heading
    for line in lines:
        _follow_line(machine, line, person)


def _follow_line(machine: Machine, line: str, person: str | None) -> None:
    home = machine.run("sh", "-c", f"echo ~{person or 'root'}").stdout.strip()
    made = re.fullmatch(r"\S*python3 -m venv (\S+)", line)
    if made:
        line = f"{python_for_services(machine)} -m venv --without-pip {made[1]}"
    into = re.fullmatch(r"(\S+)/bin/pip install (.+)", line)
    if into:
        prefix = into[1].replace("~", home, 1)
        _install_packages(machine, prefix) if "-r requirements.txt" in into[2] else _install_ourselves(
            machine, prefix
        )
        return
    if "hotfolder init" in line:
        line = f"ATLASCLOUD_BASE_URL=http://127.0.0.1:{PORT} {line}"  # the sandbox, as for the service
    run_as(machine, person, line, given=KEY if "api-key" in line else None)


def run_as(machine: Machine, person: str | None, line: str, given: str | None = None) -> str:
    """Run a shell line in the checkout, as root or as a person; return what it wrote."""
    command = ["sh", "-c", f"cd {CHECKOUT} && {line}"]
    if person is not None:
        number = machine.run("id", "-u", person).stdout.strip()
        runtime = f"XDG_RUNTIME_DIR=/run/user/{number}"
        command = ["runuser", "-u", person, "--", "env", f"HOME=/home/{person}", runtime, *command]
    return machine.run(*command, given=given).stdout


def python_for_services(machine: Machine) -> str:
    """Give a Python of the running one's version that a service can see; skip the test where there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    running = os.path.realpath(os.path.join(sys.base_prefix, "bin", f"python{version}"))
    for candidate in (running, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        seen = not candidate.startswith(HIDDEN) and machine.run("test", "-x", candidate, check=False)
        if seen and seen.returncode == 0:
            return candidate
    pytest.skip(f"no Python {version} lies where a hardened service sees it")


def _site(machine: Machine, prefix: str) -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return machine.path(f"{prefix}/lib/{version}/site-packages")


def _install_packages(machine: Machine, prefix: str) -> None:
    """Copy what requirements.txt pins, and nothing else: what is missing there will be missed."""
    with open(os.path.join(ROOT, "requirements.txt"), encoding="utf-8") as file:
        pins = re.findall(r"^(\S+)==(\S+)( ;)?", file.read(), re.MULTILINE)
    for name, version, conditional in pins:
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            assert conditional, f"{name} is not installed beside the tests"
            continue
        assert installed.version == version, f"{name} {installed.version} is installed, not {version}"
        for path in installed.files or ():
            source = str(installed.locate_file(path))
            if ".." not in path.parts and os.path.exists(source):
                target = os.path.join(_site(machine, prefix), path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(source, target)


def _install_ourselves(machine: Machine, prefix: str) -> None:
    package = os.path.join(_site(machine, prefix), "daemon")
    shutil.copytree(machine.path(f"{CHECKOUT}/daemon"), package, dirs_exist_ok=True)
    units = f"{prefix}/share/atlas-hotfolder/systemd"
    shutil.copytree(machine.path(f"{CHECKOUT}/systemd"), machine.path(units), dirs_exist_ok=True)
    script = f"{prefix}/bin/hotfolder"
    with open(machine.path(script), "w", encoding="utf-8") as file:
        file.write(SCRIPT.format(prefix=prefix))
    machine.run("chmod", "755", script)
