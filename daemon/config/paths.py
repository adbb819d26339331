"""Paths as they are written in a configuration file, made absolute: `~`, and relative to the file's directory."""

import os
import pwd
from collections.abc import Mapping


def home_of(environ: Mapping[str, str]) -> str | None:
    """Give the home directory: `$HOME`, else the password database's; None where there is neither."""
    if home := environ.get("HOME"):
        return home
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container may run under a number that has no entry
        return None


def absolute(path: str, base: str, home: str | None) -> str:
    """Make `path` absolute and free of `.`, `..` and double slashes; symbolic links are left alone.

    `base` is the directory that a relative path begins at. Raises ValueError with a text for people.
    """
    if not path.strip():
        raise ValueError("is empty")
    if "\0" in path:
        raise ValueError("holds a NUL character, which no path can")
    if path.startswith("$"):
        # else a directory of the name "$HOME" would be made, and nobody would find their results
        raise ValueError(f'"{path}" begins with a variable, and variables are not replaced here')
    if path == "~" or path.startswith("~/"):
        if home is None:
            raise ValueError(f'"{path}" needs a home directory, and none is known')
        path = home + path[1:]
    elif path.startswith("~"):
        path = os.path.expanduser(path)
        if path.startswith("~"):
            raise ValueError(f'"{path}" names a user who is not known here')
    joined = os.path.normpath(os.path.join(base, path))
    # POSIX lets two leading slashes mean something else; on Linux they do not
    return "/" + joined.lstrip("/")


def inside(path: str, directory: str) -> bool:
    """Tell whether `path` is `directory` or lies in it; both absolute and normalised."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
