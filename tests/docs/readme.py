"""What the README says, in pieces that tests can run: its fenced blocks by heading, and the commands it names."""

import os
import re
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the heading it stands under, its language and its lines."""

    heading: str
    language: str
    lines: tuple[str, ...]


def text() -> str:
    """Give the README."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return file.read()


def blocks(language: str, heading: str | None = None) -> list[Block]:
    """Give the fenced blocks of a language, in order; with `heading` only those directly under it."""
    found, under = [], ""
    for part in re.finditer(r"^(#+ [^\n]+)$|^```(\w+)\n(.*?)^```$", text(), re.MULTILINE | re.DOTALL):
        if part[1]:
            under = part[1].lstrip("# ")
        elif part[2] == language and heading in {None, under}:
            found.append(Block(under, part[2], tuple(part[3].splitlines())))
    return found


def named_commands() -> dict[str, set[str]]:
    """Give each command of `hotfolder` that the README names, with the options it names beside it."""
    commands: dict[str, set[str]] = {}
    for line in text().splitlines():
        spans = [line] if "bin/hotfolder " in line else re.findall(r"`([^`]+)`", line)
        command = ""
        for span in spans:
            called = re.search(r"(?:^|/)hotfolder ([a-z]+)", span)
            command = called[1] if called else command
            if command and (called or span.startswith("--")):
                after = span[called.end() :] if called else span
                commands.setdefault(command, set()).update(re.findall(r"--[a-z][a-z-]*", after))
    return commands
