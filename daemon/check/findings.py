"""All findings of `check`, in the order in which a person would look: state, folders, limits, key, API."""

from collections.abc import Iterator, Mapping

from daemon.atlas.client import Client
from daemon.catalogue import Catalogue
from daemon.check.finding import Finding, Level, fault, warning
from daemon.check.limits import watch_findings
from daemon.check.messages import message_findings
from daemon.check.online import online_findings
from daemon.check.places import FileSystemOf, file_systems, folder_findings, state_findings
from daemon.clock import Clock
from daemon.config import Settings, load
from daemon.config.key import read_key
from daemon.errors import ConfigError


def findings(
    settings: Settings, environ: Mapping[str, str], *, offline: bool, file_system: FileSystemOf | None = None
) -> list[Finding]:
    """Look at everything that `settings` name, and unless `offline` ask the API. Raises nothing for what it finds.

    `settings` were loaded with the key unless `offline`; `environ` tells where a key would come from.
    `file_system` gives what a path lies on; None: as it is mounted now.
    """
    file_system = file_system or file_systems()
    found = [
        *state_findings(settings, file_system),
        *folder_findings(settings, file_system),
        *watch_findings(settings, file_system),
        *message_findings(settings),
    ]
    return found + list(_key_findings(settings, environ) if offline else _online(settings))


def findings_of_file(path: str, environ: Mapping[str, str], *, offline: bool) -> list[Finding]:
    """Read the configuration at `path` and look at all that it names; see `findings`.

    Where only the key is at fault, what needs none is looked at all the same. Raises ConfigError where the
    configuration itself can't be used.
    """
    try:
        return findings(load(path, environ, need_key=not offline), environ, offline=offline)
    except ConfigError as error:
        if offline:
            raise
        whole = error
    try:
        settings = load(path, environ, need_key=False)
    except ConfigError:
        raise whole from None
    told = {each.key for each in whole.faults}
    found = [each for each in findings(settings, environ, offline=True) if each.key not in told]
    return found + [fault(each.key, f"{each.wrong}; {each.right}") for each in whole.faults]


def worst(found: list[Finding]) -> Level:
    """Give the level that decides the exit code: fault before warning before ok."""
    levels = {each.level for each in found}
    return next((level for level in (Level.FAULT, Level.WARNING) if level in levels), Level.OK)


def _key_findings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Say what is wrong with a key that is set. Who checks offline may be another than the service's user."""
    _, faults = read_key(settings.api.api_key_file, environ)
    for each in faults:
        yield warning(each.key, f"{each.wrong}; {each.right}")


def _online(settings: Settings) -> Iterator[Finding]:
    key = settings.api.key
    client = Client(settings.api.base_url, lambda: key.get_secret_value() if key else "", Clock())
    try:
        yield from online_findings(settings, client, Catalogue(settings.state_dir, settings.api.base_url))
    finally:
        client.close()
