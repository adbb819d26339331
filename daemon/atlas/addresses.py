"""Which addresses a result may be fetched from. Pure: URLs and addresses in, verdicts out.

The URLs come from outside, so they must not make the daemon read a file, or ask a machine of the local
network or a cloud's metadata service, whose answer would then lie in the outbox.
"""

import functools
import ipaddress
from urllib.parse import urlsplit

#: How many hosts are remembered as what they were read as: a result's is looked at four times, and most are alike.
_REMEMBERED = 1000
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


def refusal(url: str, *, loopback: bool) -> str | None:
    """Say why nothing may be fetched from `url`, or None. With `loopback`, http and this machine are fine.

    A host that is written as a name is checked again, by its address, once it is connected to.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "its address holds characters that no address has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # the port is read only here, and may be no number
    except ValueError:
        return "its address can't be read"
    if not host or parts.username is not None or parts.password is not None:
        return f"its address is not a plain web address ({parts.scheme or 'no scheme'})"
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback and is_loopback(host)):
        return f"its address is not https but {parts.scheme}"
    return _host_refusal(host, loopback=loopback)


def _host_refusal(host: str, *, loopback: bool) -> str | None:
    if is_loopback(host):
        return None if loopback else "its address is this computer's own"
    return peer_refusal(host, loopback=loopback) if _address(host) else None


def peer_refusal(peer: str, *, loopback: bool) -> str | None:
    """Say why nothing may be fetched from the IP address `peer`, or None."""
    address = _address(peer)
    if address is None:
        return "its computer's address can't be read"
    if is_public(address) or (loopback and address.is_loopback):
        return None
    return f"it lies at {address}, an address of a local network"


def is_loopback(host: str) -> bool:
    """Tell whether a host, as a name or an address, is this machine."""
    address = _address(host)
    if address is None:
        return host.rstrip(".").lower() == "localhost" or host.rstrip(".").lower().endswith(".localhost")
    return address.is_loopback


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is reachable from all of the internet, also where it wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@functools.lru_cache(_REMEMBERED)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an IP address, with or without an IPv6 zone; None for a name.

    Short forms like `127.1` or `0x7f000001` are names here: what they come to is checked when connected.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
