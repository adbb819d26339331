"""A person's own service: the shipped unit fitted to an installation, and systemd's help with the key."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daemon.config import Settings
from daemon.config.key import CREDENTIAL
from daemon.config.paths import home_of, inside
from daemon.errors import HotfolderError, Refused
from daemon.files import write_file
from daemon.names import shown

NAME = "hotfolder.service"
_SHIPPED = "hotfolder-user.service"
#: Where an installed package keeps the units (pyproject.toml, data-files); a checkout has them beside `daemon/`.
_SHARE = os.path.join("share", "atlas-hotfolder", "systemd")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """What the unit has to know of an installation; all paths are absolute.

    `credential`: the key's file that systemd-creds made; None: the configuration names where the key is.
    """

    program: str
    config: str
    writable: Sequence[str]
    credential: str | None = None


def available(environ: Mapping[str, str]) -> bool:
    """Tell whether this person has a systemd of their own that runs; root has the unit for the whole machine."""
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    there = os.path.exists(os.path.join(runtime, "systemd", "private"))
    return os.getuid() != 0 and there and shutil.which("systemctl") is not None


def refuse_root() -> None:
    """Raise Refused for root, whose own systemd is seldom there, and whose services belong to the machine."""
    if os.getuid() == 0:
        raise Refused(
            "--service sets up a person's own service, and root is none\n"
            "docs/operations.md says how to install the service for the whole machine."
        )


def shipped() -> str:
    """Give the text of the user unit that ships with the program; raises HotfolderError."""
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "systemd")
    for directory in (os.path.join(sys.prefix, _SHARE), beside):
        try:
            with open(os.path.join(directory, _SHIPPED), encoding="utf-8") as file:
                return file.read()
        except OSError:
            continue
    raise HotfolderError(f"the unit {_SHIPPED} is not installed with this program; it is in its repository")


def writable(settings: Settings, directory: str, environ: Mapping[str, str]) -> list[str]:
    """Give what the service may write to, each path absolute and as few as will do.

    `~/Atlas` or the configuration's own directory stand for the folders in them, so that another folder there
    needs no change of the unit.
    """
    home = home_of(environ)
    common = [directory, *([os.path.join(home, "Atlas")] if home else [])]
    wanted = [settings.state_dir, os.path.dirname(settings.database_file)]
    wanted += [path for rule in settings.folders.values() for path in (rule.inbox, rule.outbox)]
    chosen = (next((parent for parent in common if inside(path, parent)), path) for path in wanted)
    return list(dict.fromkeys(chosen))


def fitted(unit: str, place: Place) -> str:
    """Give the shipped unit's text with the paths of `place` in it; everything else stays as it is."""
    credential = "# Here the configuration names the key's file, as api_key_file."
    if place.credential is not None:
        credential = f"LoadCredentialEncrypted={CREDENTIAL}:{_escaped(place.credential)}"
    lines = {
        "ExecStart": f"ExecStart={_quoted(place.program.replace('$', '$$'))} run",
        "Environment=HOTFOLDER_CONFIG": f"Environment={_quoted(f'HOTFOLDER_CONFIG={place.config}')}",
        "LoadCredential": credential,
        "ReadWritePaths": "ReadWritePaths=" + " ".join(_quoted(path) for path in place.writable),
    }
    for start, line in lines.items():
        unit, count = re.subn(rf"^{start}=.*$", line.replace("\\", r"\\"), unit, count=1, flags=re.MULTILINE)
        if count != 1:
            raise HotfolderError(f"the shipped unit has no line {start}=")
    return unit


def install(text: str, environ: Mapping[str, str]) -> str:
    """Put the unit where this person's systemd finds it, and read it; give its path.

    Raises Refused where another unit of that name is there, HotfolderError where systemd refuses.
    """
    path = _target(environ)
    if os.path.lexists(path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            if file.read() != text:
                raise Refused(f"{shown(path)} is there already and is another one; it is left as it is")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_file(path, text.encode("utf-8", "surrogateescape"))
    _systemctl("daemon-reload")
    return path


def start() -> None:
    """Start the service now and at each login; raises HotfolderError with systemd's reason."""
    _systemctl("enable", "--now", "hotfolder")


def _target(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(home_of(environ) or "/", ".config")
    return os.path.join(base, "systemd", "user", NAME)


def encrypted(key: str) -> bytes:
    """Encrypt the key so that only this machine's systemd can read it, for a service (systemd-creds(1)).

    A person's own systemd can do so since its version 256, root's since 250. Raises Refused with the reason.
    """
    own = [] if os.getuid() == 0 else ["--user"]
    command = ["systemd-creds", *own, "encrypt", f"--name={CREDENTIAL}", "-", "-"]
    try:
        done = subprocess.run(command, input=key.encode(), capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason: object = error
    else:
        if done.returncode == 0:
            return done.stdout
        reason = _last_line(done.stderr)
    raise Refused(f"systemd-creds can't be used: {reason}\nWithout --credential the key is kept in a file.")


def _systemctl(*words: str) -> None:
    command = ["systemctl", "--user", *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HotfolderError(f"`{' '.join(command)}` can't be run: {error}") from None
    if done.returncode != 0:
        raise HotfolderError(f"`{' '.join(command)}` says: {_last_line(done.stderr)}")


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "nothing"


def _escaped(path: str) -> str:
    """Write a path in a unit's setting (systemd.unit(5), "Specifiers")."""
    return path.replace("%", "%%")


def _quoted(text: str) -> str:
    """Write a word of a unit's setting in quotation marks (systemd.syntax(7))."""
    inner = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'
