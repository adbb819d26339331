"""Words from outside made fit for logs, error files and the job table. Pure."""

import html
import re

#: As many characters of an answer as a log line or an error file keeps.
LONGEST = 500

_UNSEEN = re.compile(r"<(script|style|head)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def encodable(text: str) -> str:
    """Give `text` with lone surrogates, which JSON may carry as escapes and UTF-8 can't, replaced by `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain(text: str, longest: int = LONGEST) -> str:
    """Give `text` on one line: without control characters, white space folded, at most `longest` characters."""
    # fold first and only what can matter: an answer may be megabytes long
    seen = encodable(text[: 20 * longest])
    if not seen.isprintable():
        seen = "".join(char if char.isprintable() else " " for char in seen)
    line = " ".join(seen.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def from_html(page: str) -> str:
    """Give what a person would read of an HTML page: its title, then its text, unfolded."""
    page = page[:65536]
    title = _TITLE.search(page)
    body = _TAG.sub(" ", _UNSEEN.sub(" ", page))
    return html.unescape(f"{title.group(1)}: {body}" if title else body)
