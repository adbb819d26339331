"""The API's base URL: what is accepted, and whether it is this machine."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

_EXAMPLE = 'write it like "https://api.atlascloud.ai"'


class BadAddress(ValueError):
    """A base URL that can't be used; `wrong` and `right` are for people and never repeat a password."""

    def __init__(self, wrong: str, right: str = _EXAMPLE) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.right = right


def is_loopback(url: str) -> bool:
    """Tell whether `url` names this machine: localhost, 127.0.0.0/8 or ::1. What can't be read does not."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(text: str) -> str:
    """Check a base URL and give it without a slash at its end; raises BadAddress.

    A path is kept, as a gateway may serve the API below one; the API's own paths, copied from its documents,
    are refused, because a call to a wrong path answers 401 and looks like a wrong key.
    """
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise BadAddress("holds a user name or password", "leave it out; the API knows you by your key alone")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise BadAddress(f'"{text}" has a query or fragment', "leave out everything from the ? or # on")
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc}"
    if f"{path}/".startswith(("/api/", "/public/")):
        raise BadAddress(f'"{text}" already names a call of the API', f'write "{root}"')
    if parts.scheme == "http" and not is_loopback(text):
        raise BadAddress(f'"{text}" would send the key unencrypted', f'write "https://{parts.netloc}{path}"')
    return root + path


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text or "\\" in text:
        raise BadAddress("holds a space, a backslash or a control character")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port  # the port is read only here, and may be no number
    except ValueError as error:
        raise BadAddress(f"is not a URL ({error})") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise BadAddress("is not an https URL with a host")
    return parts
