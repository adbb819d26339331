"""Where the API key comes from: the environment, a systemd credential, or a file that only its owner reads.

The order is from near to far: what was set for this very process wins over what the machine is set up with.
"""

import os
from collections.abc import Mapping

from daemon.config.secret import read_secret
from daemon.errors import Fault

VARIABLE = "ATLASCLOUD_API_KEY"
CREDENTIAL = "atlas-api-key"
#: A key is some 50 characters; what is longer is another file.
_LIMIT = 4096

MISSING = Fault(
    "api",
    "no API key is set",
    f"set ${VARIABLE}, or write the key into a file of its own and name that as api_key_file under [api]",
)


def read_key(key_file: str | None, environ: Mapping[str, str]) -> tuple[str | None, list[Fault]]:
    """Give the API key, or None and why not; None without faults: no source is set at all.

    `key_file` is the absolute path of `api_key_file`. The first source that is set counts, even if what it holds
    can't be used: going on to the next would use a key that nobody expects. An empty variable is not set.
    """
    if text := environ.get(VARIABLE, ""):
        return _checked(text, f"${VARIABLE}", f"the variable ${VARIABLE}")
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = os.path.join(directory, CREDENTIAL)
    if directory and os.path.lexists(credential):
        # systemd keeps its credentials to the service itself, so their mode is its own affair
        return _from_file(credential, f"credential {CREDENTIAL}", private=False)
    if key_file is not None:
        return _from_file(key_file, "api.api_key_file", private=True)
    return None, []


def _from_file(path: str, where: str, *, private: bool) -> tuple[str | None, list[Fault]]:
    text, faults = read_secret(path, where, what="the key alone", limit=_LIMIT, private=private)
    if text is None:
        return None, faults
    key, wrong = _checked(text, where, f'"{path}"')
    return (None if faults else key), faults + wrong


def _checked(text: str, where: str, source: str) -> tuple[str | None, list[Fault]]:
    """Take the white space off `text` and refuse what can't be sent as a key. Never repeats what it read."""
    right = "it must hold the key alone, on one line, as the API's console shows it"
    key = text.strip()
    if not key:
        wrong = f"{source} is empty"
    elif len(text) > _LIMIT:
        wrong = f"{source} is far too long for a key"
    elif len(key.splitlines()) > 1:
        wrong = f"{source} holds several lines"
    elif not key.isascii() or not key.isprintable() or " " in key:
        wrong = f"{source} holds spaces or characters that no key has"
    else:
        return key, []
    return None, [Fault(where, wrong, right)]
