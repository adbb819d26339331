"""Text, and the pages that servers send in a file's stead: what kind of text a file's first bytes are."""

import re

from daemon.media.reader import Reader

_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|script|title|meta|iframe)\b", re.IGNORECASE)
_MARKUP = re.compile(rb"(\s|<\?xml[^>]*\?>|<!--.*?-->)*", re.DOTALL)
_SVG = re.compile(rb"<!doctype\s+svg\b|<svg\b", re.IGNORECASE)
#: Control characters that no text has; tab, line ends, form feed and escape are fine.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def text_extension(head: bytes, *, cut: bool) -> str | None:
    """Give `html`, `svg`, `xml`, `json` or `txt` for a text's first bytes, None for what is no UTF-8 text.

    `cut`: the file goes on after `head`, whose last character may be incomplete.
    """
    body = head.removeprefix(b"\xef\xbb\xbf")
    inner = body[_match_end(body) :]
    if _HTML.match(inner):
        return "html"  # in whatever encoding: what counts is that it is no media
    if not body.strip() or _BINARY.search(body) or not _decodes(body, cut=cut):
        return None
    if _SVG.match(inner):
        return "svg"
    if body.lstrip().startswith(b"<?xml"):
        return "xml"
    return "json" if _like_json(body.lstrip()) else "txt"


def _match_end(body: bytes) -> int:
    match = _MARKUP.match(body)
    return match.end() if match else 0


def _decodes(body: bytes, *, cut: bool) -> bool:
    for missing in range(4 if cut else 1):
        try:
            body[: len(body) - missing].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False


def _like_json(body: bytes) -> bool:
    """Judge by the first two signs: an object's key or end, or a list of values; a text may begin with [ too."""
    second = body[1:].lstrip()[:1]
    if body[:1] == b"{":
        return second in {b'"', b"}"}
    return body[:1] == b"[" and (second in {b'"', b"{", b"[", b"]", b"-"} or second.isdigit())


def svg_whole(reader: Reader) -> bool | None:
    """Tell whether the last element is closed; what follows it may be a remark, so its absence is no proof."""
    return True if reader.tail(256).rstrip().endswith(b"</svg>") else None
