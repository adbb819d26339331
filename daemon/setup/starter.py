"""A first configuration, put where there is none yet: all of it with its key and folders, or nothing."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon import config
from daemon.config import Settings
from daemon.config.words import dotted
from daemon.errors import ConfigError, Refused
from daemon.files import rename_noreplace, temporary_file, write_all
from daemon.inbox.mounts import mount_point
from daemon.names import shown
from daemon.setup import wizard
from daemon.setup.wizard import Wish

NAME = "hotfolder.toml"
#: The key's file beside the configuration, and the same encrypted by systemd for a service alone.
KEY_NAME = "api-key"
CREDENTIAL_NAME = "api-key.cred"


@dataclass(frozen=True, slots=True)
class Secret:
    """A file of `name` that goes beside the configuration, for its owner's eyes only."""

    name: str
    content: bytes = field(repr=False)


def refuse_existing(directory: str) -> None:
    """Raise Refused if there is a configuration in `directory`: it is somebody's work."""
    path = os.path.join(directory, NAME)
    if os.path.lexists(path):
        raise Refused(
            f"{shown(path)} is there already, and is left as it is\n"
            "Edit it (`hotfolder check` tells what is wrong), or name another directory: `hotfolder init DIR`."
        )


def own_directory(environ: Mapping[str, str]) -> str:
    """Give the directory of a person's own configuration (the XDG base directory specification)."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(base, "hotfolder")


def wrong(wanted: Wish, directory: str, environ: Mapping[str, str], field: str) -> str | None:
    """Say what is wrong with one field of a wish (`name`, `prompt`, `model` …); None if all is well with it."""
    key = dotted(("folders", wanted.name) if field == "name" else ("folders", wanted.name, field))
    try:
        config.parse(wizard.text_of(wanted), os.path.join(directory, NAME), environ, need_key=False)
    except Refused as error:
        return str(error)
    except ConfigError as error:
        return next((f"It {fault.wrong}; {fault.right}." for fault in error.faults if fault.key == key), None)
    return None


def create(directory: str, wanted: Wish, environ: Mapping[str, str], *, secret: Secret | None = None) -> Settings:
    """Write `directory`/hotfolder.toml, the secret beside it if there is one, and make the folders.

    Returns what the configuration says, without the key. Raises Refused where a file is there already,
    ConfigError for a wish that makes no usable configuration, and OSError. Whatever ends it early, an interrupt
    too: what it had made is taken away again.
    """
    refuse_existing(directory)
    path = os.path.join(directory, NAME)
    text = wizard.text_of(wanted)
    settings = config.parse(text, path, environ, need_key=False)
    with contextlib.ExitStack() as undo:
        _make_folders(settings, directory, undo)
        if secret is not None:
            _write(os.path.join(directory, secret.name), secret.content, 0o600, undo)
        _write(path, text.encode(), 0o666, undo)
        undo.pop_all()
    return settings


def _make_folders(settings: Settings, directory: str, undo: contextlib.ExitStack) -> None:
    """Make every directory that is missing; raises ConfigError. `undo` takes away those that stayed empty."""
    paths = [directory, settings.state_dir]
    paths += [path for rule in settings.folders.values() for path in (rule.inbox, rule.outbox)]
    missing = {above for path in paths for above in _with_parents(path) if not os.path.lexists(above)}
    for path in sorted(missing, key=len):  # what is made last is taken away first
        undo.callback(_remove, os.rmdir, path)
    os.makedirs(directory, exist_ok=True)
    if faults := config.make_folders(settings, {}, mount_point):
        raise ConfigError(faults)


def _with_parents(path: str) -> Iterator[str]:
    """Give an absolute path and every directory above it but the root."""
    while path != "/":
        yield path
        path = os.path.dirname(path)


def _write(path: str, content: bytes, mode: int, undo: contextlib.ExitStack) -> None:
    """Write a file of a name that must be free, whole from when it is visible. Raises Refused."""
    draft = os.path.join(os.path.dirname(path), f".hotfolder-init-{os.getpid()}")
    with temporary_file(draft) as descriptor:
        os.fchmod(descriptor, mode & ~_umask())
        write_all(descriptor, content)
        os.fsync(descriptor)
        try:
            rename_noreplace(draft, path)
        except FileExistsError:
            raise Refused(f"{shown(path)} is there already, and is left as it is") from None
    undo.callback(_remove, os.unlink, path)


def _umask() -> int:
    present = os.umask(0o077)
    os.umask(present)
    return present


def _remove(how: Callable[[str], None], path: str) -> None:
    with contextlib.suppress(OSError):
        how(path)
