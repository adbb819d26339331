"""How the page says things: states, times, sizes and durations as people read them. Pure."""

import datetime as dt
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from daemon.states import State

#: What a state means, for who has never read a manual.
MEANING: Mapping[State, str] = {
    State.QUEUED: "Waits for its turn.",
    State.UPLOADING: "The file is being uploaded.",
    State.UPLOADED: "Uploaded; waits for a free place at the service.",
    State.SUBMITTING: "The request is being sent.",
    State.PROCESSING: "The service is working on it.",
    State.DOWNLOADING: "The result is being fetched.",
    State.DONE: "",
    State.FAILED: "It did not work.",
    State.HELD: "Waits for somebody to decide.",
    State.CANCELLED: "Dropped.",
}
_COMMAND = re.compile(r"`([^`]*)`")


def sentence(text: str) -> str:
    """Give text with a capital letter and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".") if text else ""


def with_commands(text: str) -> Markup:
    """Give text as HTML, with what stands in backquotes set as commands."""
    return Markup(_COMMAND.sub(lambda found: f"<code>{found[1]}</code>", str(escape(text))))  # noqa: S704 - escaped


def duration(seconds: float) -> str:
    """Give a duration as people say it: "8 s", "3 min", "2 h"."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def size(number: int) -> str:
    """Give a number of bytes as people say it: "640 kB", "3.2 MB"."""
    for unit, value in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= value:
            return f"{number / value:.1f} {unit}" if number < 10 * value else f"{number / value:.0f} {unit}"
    return "1 byte" if number == 1 else f"{number} bytes"


def moment(at: float, now: float) -> str:
    """Give a time (seconds since the epoch) by this machine's clock: the hour today, else the day too."""
    then, today = dt.datetime.fromtimestamp(at).astimezone(), dt.datetime.fromtimestamp(now).astimezone()
    if then.date() == today.date():
        return then.strftime("%H:%M:%S")
    if then.year == today.year:
        return then.strftime("%-d %b, %H:%M")
    return then.strftime("%-d %b %Y, %H:%M")


def stamp(at: float) -> str:
    """Give a time as a machine reads it (RFC 3339, UTC)."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")


def parsed(text: str | None) -> float | None:
    """Give a time of `status --json` as seconds since the epoch."""
    return None if text is None else dt.datetime.fromisoformat(text).timestamp()
