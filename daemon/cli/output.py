"""What commands write: results to standard output, remarks to standard error, times as people read them."""

import datetime as dt
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType

#: Columns for tables that go into a pipe or file, where nothing has to fit a screen.
_PIPE_WIDTH = 200


def console(*, stderr: bool = False) -> Console:
    """Give a console that shows text as it is: names of files may look like rich's markup."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def say(*lines: str) -> None:
    """Write lines to standard output, unwrapped."""
    for line in lines:
        console().print(line, soft_wrap=True)


def remark(*lines: str) -> None:
    """Write lines to standard error, unwrapped."""
    for line in lines:
        console(stderr=True).print(line, soft_wrap=True)


def show(*what: RenderableType) -> None:
    """Write tables and their like to standard output."""
    console().print(*what, sep="\n")


def print_json(value: Any) -> None:
    """Write JSON for programs; in ASCII, so that it is right whatever the terminal's encoding."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def program() -> str:
    """Give how a person here calls the program: by its name where their shell finds it, else by its path."""
    called = sys.argv[0]
    if shutil.which("hotfolder") or os.path.basename(called) != "hotfolder":
        return "hotfolder"
    return shlex.quote(os.path.relpath(called))


def local(timestamp: str | None) -> str:
    """Give a time of the table (RFC 3339, UTC) as this machine's users read it; "" for None."""
    if timestamp is None:
        return ""
    return dt.datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, what: str) -> str:
    """Give "1 job", "2 jobs"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(words: Iterable[str]) -> str:
    """Give words with commas between them."""
    return ", ".join(words)
