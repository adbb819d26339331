"""Reads the configuration for a command that works on jobs, and names the table if it is not the usual one."""

import os

from daemon.cli.output import remark
from daemon.config import load
from daemon.names import shown
from daemon.service.reach import Reach


def opened(config: str | None) -> Reach:
    """Give the way to the jobs of the configuration at `config` (None: the one that is found); needs no key."""
    reach = Reach(load(config, os.environ, need_key=False))
    if not reach.table_is_usual:
        remark(f"table: {shown(reach.table)}")
    return reach
