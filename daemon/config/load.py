"""Make Settings of the file and the environment; every fault is reported at once."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from daemon.config import paths
from daemon.config.address import is_loopback
from daemon.config.file import decode, find, read
from daemon.config.key import MISSING, read_key
from daemon.config.model import DEFAULT_BASE_URL, DEFAULT_STATE, Api, Settings
from daemon.config.notify import read_urls
from daemon.config.places import place, relations
from daemon.config.words import refusal, stray, translate
from daemon.errors import ConfigError, Fault

URL_VARIABLE = "ATLASCLOUD_BASE_URL"
#: The sandbox takes any key; this one says in its journal that none was set.
SANDBOX_KEY = "sandbox"

Table = dict[str, Any]


def load(path: str | None, environ: Mapping[str, str], *, need_key: bool) -> Settings:
    """Read the file at `path` (None: the one that `find` gives) and check it; see `parse`.

    Raises ConfigError with every fault. Beside the file it reads the key's source and links on the way.
    """
    path = find(path, environ)
    return parse(read(path), path, environ, need_key=need_key)


def api_and_state(path: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """Give the API's base URL and the state directory, for what needs no rules.

    They are those of the configuration; where none is found, or none is named with `path` and what is found can't
    be used, the defaults. Raises ConfigError for a configuration that is named, and for a wrong
    `$ATLASCLOUD_BASE_URL`.
    """
    try:
        settings = load(path, environ, need_key=False)
    except ConfigError:
        if path is not None:
            raise
        table = {"base_url": environ.get(URL_VARIABLE) or DEFAULT_BASE_URL}
        try:
            api = Api.model_validate(table)
        except ValidationError as error:
            raise refusal([_of_variable(fault) for fault in translate(error, ("api",))]) from None
        return api.base_url, paths.absolute(DEFAULT_STATE, "/", paths.home_of(environ) or "/")
    return settings.api.base_url, settings.state_dir


def parse(text: str, path: str | None, environ: Mapping[str, str], *, need_key: bool) -> Settings:
    """Make Settings of a configuration's text; relative paths begin at the directory of `path`.

    `environ` gives `$ATLASCLOUD_BASE_URL`, which wins over the file, the key's sources, `$HOTFOLDER_NOTIFY_URLS`
    and `$HOME`. Without `need_key` the key is neither looked for nor set, and no file with addresses for messages
    is read: other users than the service's may list jobs.
    Raises ConfigError with every fault.
    """
    data, faults = stray(decode(text, path))
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
        faults += _notify(data, context, environ)
    if isinstance(data.get("api", api), dict):  # what is no table stays, to be told
        data["api"] = api
    settings, wrong = _checked({**data, "path": path}, context)
    faults += [_of_variable(fault) for fault in wrong] if url else wrong
    faults += _relations(data, context)
    # `is None` is for the type checker: no settings means that there are faults
    if faults or settings is None:
        raise refusal(faults, path)
    return settings


def _checked(data: Table, context: Mapping[str, str | None]) -> tuple[Settings | None, list[Fault]]:
    """Give the settings, or None and what is wrong with them."""
    try:
        return Settings.model_validate(data, context=context), []
    except ValidationError as error:
        return None, translate(error)


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


def _notify(data: Table, context: Mapping[str, str | None], environ: Mapping[str, str]) -> list[Fault]:
    """Put the addresses for messages into `data`, wherever they come from; give what is wrong with them."""
    table = data.get("notify", {})
    if not isinstance(table, dict):
        return []  # told as what it is
    urls, faults = read_urls(table, _absolute(table.get("urls_file"), context), environ)
    if urls is not None:
        data["notify"] = {**table, "urls": urls}
    return faults


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
    private = {"state_dir": _absolute(data.get("state_dir", DEFAULT_STATE), context)}
    url = _table(data, "database").get("url")
    if isinstance(url, str) and url.startswith("sqlite:///"):
        private["database.url"] = _absolute(url.removeprefix("sqlite:///"), context)
    return relations(places, {key: path for key, path in private.items() if path is not None})
