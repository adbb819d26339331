"""The configuration file: where it is looked for, its text, and its TOML as data."""

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from daemon.config import paths
from daemon.config.words import refusal
from daemon.errors import Fault

FILE_VARIABLE = "HOTFOLDER_CONFIG"
SYSTEM_FILE = "/etc/hotfolder/hotfolder.toml"
_LARGEST = 1_000_000  # bytes; guards against a wrong file, like a picture or a device


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
    raise refusal([Fault("configuration", f"there is none; looked at {' and '.join(places)}", right)])


def read(path: str) -> str:
    """Give the text of the file; raises ConfigError."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        right = "name the right file with --config, or write one with `hotfolder init`"
        raise refusal([Fault("configuration", f'"{path}" can\'t be read ({reason})', right)], path) from None
    if len(content) > _LARGEST:
        right = "name the right file with --config"
        raise refusal([Fault("configuration", f'"{path}" is far too large', right)], path)
    try:
        return content.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        right = "save the file as UTF-8"
        raise refusal([Fault(f"line {line}", "holds bytes that are not UTF-8", right)], path) from None


def decode(text: str, path: str | None) -> dict[str, Any]:
    """Give the TOML's data; raises ConfigError that names the line. `path` is only for the error."""
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
    raise refusal([fault], path)


def _toml_remedy(what: str) -> str:
    if "overwrite" in what or "twice" in what or "Duplicate" in what:
        return "a key or table stands there twice; keep one"
    if "Invalid value" in what:
        return 'put text into quotation marks, like model = "google/nano-banana-2/edit"'
    return "compare the line with the shipped example"
