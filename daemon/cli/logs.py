"""The daemon's log: lines on standard error, as a terminal, systemd's journal or a collector wants them."""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Literal

#: Libraries that tell of every request or job at the level where we tell of our own.
_TALKATIVE = ("urllib3", "alembic", "apscheduler", "uvicorn", "PIL")
#: Priorities of syslog(3), which systemd reads at the beginning of a line (sd-daemon(3)).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
#: What a record may carry beside its message (`extra`), and a JSON line then shows.
_FIELDS = ("job", "folder")


class _AsJson(logging.Formatter):
    """One object a line. ASCII alone, so that no locale and no odd name can make a line that is no JSON.

    What is no text (a surrogate escape) is shown with a backslash: many readers refuse half a surrogate pair.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {field: value for field in _FIELDS if (value := getattr(record, field, None)) is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({field: _text(value) for field, value in line.items()})


def _text(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


class _ForJournal(logging.Formatter):
    """Each line of what `inner` makes with its priority: to the journal a second line is another message."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in self._inner.format(record).splitlines())


def set_up(
    environ: Mapping[str, str],
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["text", "json"] = "text",
) -> None:
    """Send the log to standard error, from `level` on; again, with other values, to change it."""
    handler, journal = logging.StreamHandler(), in_journal(environ, sys.stderr.fileno())
    plain = "%(message)s" if journal else "%(asctime)s %(levelname)-7s %(message)s"  # the journal knows the time
    formatter = _AsJson() if form == "json" else logging.Formatter(plain)
    handler.setFormatter(_ForJournal(formatter) if journal else formatter)
    _begin(logging.getLevelNamesMapping()[level.upper()], handler)


def only_warnings() -> None:
    """Send nothing but warnings to standard error; for commands that show in their own way what goes on."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _begin(logging.WARNING, handler)


#: What logging's own guide (HOWTO, "Optimization") leaves out where no line shows it: caller, thread and process.
logging._srcfile = None  # noqa: SLF001 - the name that the guide gives
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _begin(level: int, handler: logging.Handler) -> None:
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # The inbox listens to watchdog and says itself what matters of it.
    watchdog = logging.getLogger("watchdog")
    watchdog.propagate = False
    watchdog.handlers = [logging.NullHandler()]


def _rfc3339(at: float) -> str:
    """Write a time (seconds since the epoch) in UTC, to the millisecond."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{int(at % 1 * 1000):03d}Z"


def in_journal(environ: Mapping[str, str], descriptor: int) -> bool:
    """Tell whether an open file is systemd's journal, by device and inode (systemd.exec(5), JOURNAL_STREAM)."""
    status = os.fstat(descriptor)
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
