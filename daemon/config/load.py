"""Find, read and check the configuration; every fault is reported at once."""

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from daemon.config import paths
from daemon.config.address import is_loopback
from daemon.config.key import MISSING, read_key
from daemon.config.model import DEFAULT_BASE_URL, Settings
from daemon.config.places import place, relations
from daemon.config.words import stray, translate
from daemon.errors import ConfigError, Fault

URL_VARIABLE = "ATLASCLOUD_BASE_URL"
FILE_VARIABLE = "HOTFOLDER_CONFIG"
SYSTEM_FILE = "/etc/hotfolder/hotfolder.toml"
#: The sandbox takes any key; this one says in its journal that none was set.
SANDBOX_KEY = "sandbox"
_LARGEST = 1_000_000  # bytes; guards against a wrong file, like a picture or a device

Table = dict[str, Any]


def find(explicit: str | None, environ: Mapping[str, str]) -> str:
    """Give the absolute path of the configuration file.

    A file that is named (`--config`, then `$HOTFOLDER_CONFIG`) is given even if it is not there, so that reading
    it tells; then the user's own and the system's are looked for. Raises ConfigError when there is none.
    """
    if named := explicit or environ.get(FILE_VARIABLE):
        return os.path.abspath(os.path.expanduser(named))
    home = paths.home_of(environ)
    directory = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(directory):  # the XDG base directory specification: relative ones are to be ignored
        directory = os.path.join(home, ".config") if home else ""
    own = [os.path.join(directory, "hotfolder", "hotfolder.toml")] if directory else []
    places = [*own, SYSTEM_FILE]
    for path in places:
        if os.path.lexists(path):
            return path
    right = f"write one with `hotfolder init`, or name it with --config or ${FILE_VARIABLE}"
    raise ConfigError([Fault("configuration", f"there is none; looked at {' and '.join(places)}", right)])


def load(path: str | None, environ: Mapping[str, str], *, need_key: bool) -> Settings:
    """Read the file at `path` (None: the one that `find` gives) and check it; see `parse`.

    Raises ConfigError with every fault. Beside the file it reads the key's source and links on the way.
    """
    path = find(path, environ)
    return parse(_read(path), path, environ, need_key=need_key)


def parse(text: str, path: str | None, environ: Mapping[str, str], *, need_key: bool) -> Settings:
    """Make Settings of a configuration's text; relative paths begin at the directory of `path`.

    `environ` gives `$ATLASCLOUD_BASE_URL`, which wins over the file, the key's sources and `$HOME`. Without
    `need_key` the key is neither looked for nor set: other users than the service's may list jobs.
    Raises ConfigError with every fault.
    """
    data, faults = stray(_toml(text, path))
    base = os.path.dirname(path) if path else os.getcwd()
    context = {"base": base, "home": paths.home_of(environ)}
    api = dict(_table(data, "api"))
    if url := environ.get(URL_VARIABLE):
        api["base_url"] = url
    if need_key:
        key, wrong = _key(api, context, environ)
        faults += wrong
        if key is not None:
            api["key"] = SecretStr(key)
    if isinstance(data.get("api", api), dict):  # what is no table stays, to be told
        data["api"] = api
    settings, wrong = _checked({**data, "path": path}, context)
    faults += [_of_variable(fault) for fault in wrong] if url else wrong
    faults += _relations(data, context)
    # `is None` is for the type checker: no settings means that there are faults
    if faults or settings is None:
        raise ConfigError(faults, path)
    return settings


def _checked(data: Table, context: Mapping[str, str | None]) -> tuple[Settings | None, list[Fault]]:
    """Give the settings, or None and what is wrong with them."""
    try:
        return Settings.model_validate(data, context=context), []
    except ValidationError as error:
        return None, translate(error)


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        right = "name the right file with --config, or write one with `hotfolder init`"
        raise ConfigError([Fault("configuration", f'"{path}" can\'t be read ({reason})', right)], path) from None
    if len(content) > _LARGEST:
        right = "name the right file with --config"
        raise ConfigError([Fault("configuration", f'"{path}" is far too large', right)], path)
    try:
        return content.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        right = "save the file as UTF-8"
        raise ConfigError([Fault(f"line {line}", "holds bytes that are not UTF-8", right)], path) from None


def _toml(text: str, path: str | None) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib's only form for the place is its message's end: "(at line 3, column 7)", "(at end of document)"
        found = re.fullmatch(r"(.*) \(at (.*)\)", str(error), re.DOTALL)
        what, where = (found[1], found[2]) if found else (str(error), "configuration")
        fault = Fault(where, f"is not valid TOML: {what[:200]}", _toml_remedy(what))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets a thousand deep
        what = "too deeply nested" if isinstance(error, RecursionError) else "a number is too long"
        fault = Fault("configuration", f"can't be read as TOML: {what}", "compare it with the shipped example")
    raise ConfigError([fault], path)


def _toml_remedy(what: str) -> str:
    if "overwrite" in what or "twice" in what or "Duplicate" in what:
        return "a key or table stands there twice; keep one"
    if "Invalid value" in what:
        return 'put text into quotation marks, like model = "google/nano-banana-2/edit"'
    return "compare the line with the shipped example"


def _table(data: Table, name: str) -> Table:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _key(
    api: Table, context: Mapping[str, str | None], environ: Mapping[str, str]
) -> tuple[str | None, list[Fault]]:
    """Look for the API key, from what the file says before it is checked; the sandbox needs none."""
    file = api.get("api_key_file")
    if isinstance(file, str) and file.startswith(("apikey-", "Bearer ")):  # all of the API's keys begin so
        right = "name a file that holds the key"
        return None, [Fault("api.api_key_file", "holds the key itself, which does not belong in this file", right)]
    key, faults = read_key(_absolute(file, context), environ)
    if key is not None or faults:
        return key, faults
    url = api.get("base_url", DEFAULT_BASE_URL)
    if isinstance(url, str) and is_loopback(url):
        return SANDBOX_KEY, []
    return None, [] if isinstance(file, str) else [MISSING]  # a path that can't be used is its own fault


def _of_variable(fault: Fault) -> Fault:
    return Fault(f"${URL_VARIABLE}", fault.wrong, fault.right) if fault.key == "api.base_url" else fault


def _absolute(value: object, context: Mapping[str, str | None]) -> str | None:
    """Make a path of the file absolute, or None: what is wrong with it is told with its own key."""
    if not isinstance(value, str):
        return None
    try:
        return paths.absolute(value, context["base"] or "/", context["home"])
    except ValueError:
        return None


def _relations(data: Table, context: Mapping[str, str | None]) -> list[Fault]:
    """Hold the paths against each other, also those of rules that have other faults."""
    places = [
        place(
            name,
            _absolute(rule.get("inbox"), context),
            _absolute(rule.get("outbox"), context),
            recursive=rule.get("recursive") is not False,
        )
        for name, rule in _table(data, "folders").items()
        if isinstance(rule, dict)
    ]
    private = {"state_dir": _absolute(data.get("state_dir", "~/.local/state/hotfolder"), context)}
    url = _table(data, "database").get("url")
    if isinstance(url, str) and url.startswith("sqlite:///"):
        private["database.url"] = _absolute(url.removeprefix("sqlite:///"), context)
    return relations(places, {key: path for key, path in private.items() if path is not None})
