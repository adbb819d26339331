"""The pages for people (README and docs/) in pieces that tests can run: fenced blocks, commands, links, tables."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_PIECES = re.compile(r"^#+ ([^\n]+)$|(?:^<!-- ([^\n]*) -->\n)?^```([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its page, the heading it stands under, its language, the remark before it, its lines."""

    page: str
    heading: str
    language: str
    remark: str
    lines: tuple[str, ...]


def pages() -> list[str]:
    """Give the pages, relative to the repository's root."""
    return ["README.md", *(f"docs/{name}" for name in sorted(os.listdir(f"{ROOT}/docs")) if name.endswith(".md"))]


def text(page: str) -> str:
    """Give a page's text."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(language: str, *, page: str | None = None, heading: str | None = None) -> list[Block]:
    """Give the fenced blocks of a language, in order; with `heading` only those directly under it."""
    chosen = pages() if page is None else [page]
    return [
        block
        for each in chosen
        for block in _blocks(each)
        if block.language == language and heading in {None, block.heading}
    ]


def _blocks(page: str) -> Iterator[Block]:
    under = ""
    for heading, remark, language, lines in _PIECES.findall(text(page)):
        if heading:
            under = heading
        else:
            yield Block(page, under, language, remark, tuple(lines.splitlines()))


def named_commands(page: str) -> dict[str, set[str]]:
    """Give each command of `hotfolder` that a page names, with the options it names beside it."""
    commands: dict[str, set[str]] = {}
    for line in text(page).splitlines():
        spans = [line] if "bin/hotfolder " in line else re.findall(r"`([^`]+)`", line)
        command = ""
        for span in spans:
            called = re.search(r"(?:^|/)hotfolder ([a-z]+)", span)
            command = called[1] if called else command
            if command and (called or span.startswith("--")):
                after = span[called.end() :] if called else span
                commands.setdefault(command, set()).update(re.findall(r"--[a-z][a-z-]*", after))
    return commands


def anchors(page: str) -> set[str]:
    """Give the fragments that links can end in: headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(page: str, heading: str) -> list[list[str]]:
    """Give the cells of the rows of all tables under a heading of the second level, without their heads."""
    part = text(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [row for number, row in enumerate(rows) if not row[0].startswith("---") and number]
