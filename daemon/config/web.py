"""Where the page is served: on this machine alone; a proxy or tunnel before it is named by its host."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from daemon.config.fields import Frozen, as_tuple, refused

_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?")


def _loopback(host: str) -> str:
    if host == "localhost":
        return host
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise refused(
        f'"{host}" is not an address of this machine alone',
        'write "127.0.0.1"; to reach the page from elsewhere, put a reverse proxy with TLS in front of it '
        "and name its host in hosts",
    )


def _name(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        right = 'write it like "atlas.example" or "atlas.example:8443"'
        raise refused(f'"{text}" is not the name of a host', right)
    return text.lower()


class Web(Frozen):
    """The page. `port` 0 takes a free one; `hosts` are names by which browsers reach it besides loopback ones."""

    enabled: bool = False
    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8460
    hosts: Annotated[tuple[Annotated[str, AfterValidator(_name)], ...], BeforeValidator(as_tuple)] = ()
