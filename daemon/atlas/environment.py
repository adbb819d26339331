"""What the environment says about the way to the internet: proxies and CA certificates, read once.

A plain requests Session reads both, and .netrc, on every call (1.5 ms a job), and .netrc could send a
password that nobody meant for the API.
"""

import errno
import os
import ssl
import threading
from urllib.parse import urlsplit

import requests.utils
from urllib3.util.ssl_ import create_urllib3_context

from daemon.atlas.addresses import is_loopback
from daemon.errors import Unreachable

_MANY_HOSTS = 1000


class Environment:
    """Proxies by host and the TLS context; each is read when it is first needed and kept. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}
        self._context: ssl.SSLContext | None = None

    def proxies(self, url: str) -> dict[str, str]:
        """Give the proxies for `url`, by scheme, from `https_proxy`, `no_proxy` and their like (requests' rules).

        This machine itself is never asked for through a proxy. Raises Unreachable for a SOCKS proxy: its
        sockets would escape the deadlines and the checks of addresses.
        """
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc)
        with self._lock:
            known = self._proxies.get(place)
        if known is None:
            known = {} if is_loopback(parts.hostname or "") else requests.utils.get_environ_proxies(url)
            with self._lock:
                if len(self._proxies) >= _MANY_HOSTS:
                    self._proxies.clear()
                self._proxies[place] = known
        chosen = (requests.utils.select_proxy(url, known) or "") if known else ""
        if chosen.lower().startswith("socks"):
            raise Unreachable(
                "The environment names a SOCKS proxy, which is not supported; name an HTTP proxy instead."
            )
        return known

    def tls(self) -> ssl.SSLContext:
        """Give the one TLS context: CA certificates of $REQUESTS_CA_BUNDLE, $CURL_CA_BUNDLE, else certifi's.

        Raises Unreachable where they can't be read. One context for all connections: loading the certificates
        takes longer than a handshake.
        """
        with self._lock:
            if self._context is None:
                self._context = _context()
            return self._context


def _context() -> ssl.SSLContext:
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    place = named or requests.utils.DEFAULT_CA_BUNDLE_PATH
    context = create_urllib3_context()
    try:
        if os.path.isdir(place):
            context.load_verify_locations(capath=place)
        else:
            context.load_verify_locations(cafile=place)
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
            raise
        raise Unreachable(f"The CA certificates at {place} can't be read; see REQUESTS_CA_BUNDLE.") from error
    return context
