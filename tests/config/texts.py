"""Configurations to start from: a whole one, whose parts a test replaces."""

from collections.abc import Mapping

from daemon.config import Settings, parse
from daemon.errors import ConfigError, Fault

HOME = "/home/ada"
ENVIRON: Mapping[str, str] = {"HOME": HOME}


def folder(name: str = "cats", **lines: str | None) -> str:
    """Write one folder's table; `lines` are TOML values, None leaves a key out."""
    values: dict[str, str | None] = {
        "inbox": f'"/srv/in/{name}"',
        "outbox": f'"/srv/out/{name}"',
        "kind": '"image"',
        "model": '"google/nano-banana-2/edit"',
        **lines,
    }
    body = "\n".join(f"{key} = {value}" for key, value in values.items() if value is not None)
    return f'[folders."{name}"]\n{body}\n'


def settings(
    text: str, environ: Mapping[str, str] = ENVIRON, path: str = "/etc/hotfolder/hotfolder.toml"
) -> Settings:
    return parse(text, path, environ, need_key=False)


def faults(text: str, environ: Mapping[str, str] = ENVIRON, *, need_key: bool = False) -> tuple[Fault, ...]:
    """Give the faults of a configuration; none is an empty tuple."""
    try:
        parse(text, "/etc/hotfolder/hotfolder.toml", environ, need_key=need_key)
    except ConfigError as error:
        return error.faults
    return ()
