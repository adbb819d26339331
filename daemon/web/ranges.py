"""Which part of a file a request asks for (RFC 9110, section 14): players of videos ask for parts. Pure."""

import re

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")


class Unsatisfiable(Exception):
    """The part that was asked for is not there."""


def wanted_of(asked: str | None, size: int) -> tuple[int, int] | None:
    """Give the first byte and the one after the last of the part that a Range header asks for; None: the whole.

    A header that asks for several parts, or can't be read, asks for the whole. Raises Unsatisfiable.
    """
    found = None if asked is None else _ONE.fullmatch(asked)
    if found is None or found[0].strip() == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end
