"""The commands, and no logic: what is asked for is read here, done elsewhere, and its outcome shown here.

Modules of the house are imported inside the commands: `--help` and wrong use answer without loading them.
"""

from daemon.cli.app import main

__all__ = ["main"]
