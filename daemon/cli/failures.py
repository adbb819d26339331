"""How commands fail: one or two lines on standard error and an exit code, never a traceback."""

import os
import sys
import traceback

import typer

from daemon.cli.output import remark, say
from daemon.errors import ConfigError, HotfolderError, Occupied, PartlyRefused, Refused

FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
#: Set to anything, this shows the traceback of what should not have happened.
DEBUG_VARIABLE = "HOTFOLDER_DEBUG"


def report(error: Exception) -> int:
    """Tell a person what ended a command; give the exit code."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    match error:
        case ConfigError():
            remark(*(_prefixed(error.path, str(fault)) for fault in error.faults))
            return FAILED if isinstance(error, Occupied) else WRONG_USE
        case PartlyRefused():
            say(*error.done)
            remark(*error.refused)
        case Refused():
            remark(*str(error).splitlines())
            return WRONG_USE
        case HotfolderError():
            remark(str(error))
        case typer.TyperException():
            remark(f"hotfolder: {_of_usage(error)}", _see_help(error))
            return WRONG_USE if error.exit_code == WRONG_USE else FAILED
        case BrokenPipeError():  # who reads our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case OSError():
            remark(f"hotfolder: {_of_system(error)}")
        case _:
            remark(f"hotfolder: a fault of its own: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
            remark(f"Set {DEBUG_VARIABLE}=1 to see where.")
    return FAILED


def _prefixed(path: str | None, fault: str) -> str:
    return f"hotfolder: {fault}" if path is None else f"{_shown(path)}: {fault}"


def _shown(path: str) -> str:
    from daemon.names import shown

    return shown(path)


def _of_usage(error: typer.TyperException) -> str:
    # what converts options says so in words of its own first
    return error.format_message().replace("Value error, ", "").partition("\n")[0]


def _see_help(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = "hotfolder" if context is None else context.command_path
    return f"`{command} --help` says what there is."


def _of_system(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return reason if error.filename is None else f"{_shown(os.fsdecode(error.filename))}: {reason}"
