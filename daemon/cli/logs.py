"""The daemon's log: lines on standard error, as a terminal or as systemd's journal wants them."""

import logging
import os
import sys
from collections.abc import Mapping

#: Libraries that tell of every request or job at the level where we tell of our own.
_TALKATIVE = ("urllib3", "alembic", "apscheduler", "uvicorn", "PIL")
#: Priorities of syslog(3), which systemd reads at the beginning of a line (sd-daemon(3)).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class _ForJournal(logging.Formatter):
    """Each line with its priority; the journal knows the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def set_up(environ: Mapping[str, str], *, verbose: bool) -> None:
    """Send the log to standard error, from INFO on or, where `verbose`, from DEBUG on."""
    handler = logging.StreamHandler()
    if in_journal(environ, sys.stderr.fileno()):
        handler.setFormatter(_ForJournal("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    _begin(logging.DEBUG if verbose else logging.INFO, handler)


def only_warnings() -> None:
    """Send nothing but warnings to standard error; for commands that show in their own way what goes on."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _begin(logging.WARNING, handler)


def _begin(level: int, handler: logging.Handler) -> None:
    logging.basicConfig(level=level, handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The inbox listens to watchdog and says itself what matters of it.
    watchdog = logging.getLogger("watchdog")
    watchdog.propagate = False
    watchdog.addHandler(logging.NullHandler())


def in_journal(environ: Mapping[str, str], descriptor: int) -> bool:
    """Tell whether an open file is systemd's journal, by device and inode (systemd.exec(5), JOURNAL_STREAM)."""
    status = os.fstat(descriptor)
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
