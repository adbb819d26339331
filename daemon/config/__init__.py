"""The configuration: one TOML file and a few environment variables, checked whole, then never changed."""

from daemon.config.file import find
from daemon.config.load import api_and_state, load, parse
from daemon.config.make import make_folders, remembered_mounts
from daemon.config.model import Api, Database, Limits, Logs, Settings
from daemon.config.notify import Notify
from daemon.config.prompt import PLACEHOLDERS, fill
from daemon.config.resolve import leaves_input_out, with_input
from daemon.config.rule import FolderRule
from daemon.config.web import Web

__all__ = [
    "PLACEHOLDERS",
    "Api",
    "Database",
    "FolderRule",
    "Limits",
    "Logs",
    "Notify",
    "Settings",
    "Web",
    "api_and_state",
    "fill",
    "find",
    "leaves_input_out",
    "load",
    "make_folders",
    "parse",
    "remembered_mounts",
    "with_input",
]
