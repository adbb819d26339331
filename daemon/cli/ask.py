"""Questions to a person at a terminal, each asked again until it is answered; Enter takes what is proposed."""

from collections.abc import Callable, Sequence

import typer

from daemon.cli.output import say

#: Says what is wrong with an answer; None if it will do.
Check = Callable[[str], str | None]

_LARGEST = 1_000_000


def text(question: str, default: str = "", *, check: Check = lambda _: None, hidden: bool = False) -> str:
    """Ask for a line of text; `hidden`: it is not shown while it is typed."""
    while True:
        answer: str = typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden)
        if (wrong := check(answer.strip())) is None:
            return answer.strip()
        say(f"  {wrong}")


def number(question: str, default: float, *, whole: bool = False) -> float:
    """Ask for a number that is not negative."""

    def check(answer: str) -> str | None:
        try:
            fine = 0 <= (int(answer) if whole else float(answer)) <= _LARGEST
        except ValueError:
            fine = False
        return None if fine else f"Write a {'whole number' if whole else 'number'}, like {default:g}; 0 for none."

    return float(text(question, f"{default:g}", check=check))


def choice(question: str, rows: Sequence[Sequence[str]], *, other: Check | None = None) -> str:
    """Show numbered rows, each with its answer first, and ask for one of them; give the answer.

    The first is the default. With `other`, a word that is none of them is an answer too if that says nothing.
    """
    names = [row[0] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows, 1):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(f"  {place}  {cells}".rstrip())

    def check(answer: str) -> str | None:
        if answer in names or (answer.isdecimal() and 1 <= int(answer) <= len(names)):
            return None
        if other is not None and not answer.isdecimal():
            return other(answer)
        return f"Write a number from 1 to {len(names)}."

    answer = text(question, "1", check=check)
    return names[int(answer) - 1] if answer.isdecimal() else answer


def yes(question: str, *, default: bool) -> bool:
    """Ask for yes or no."""
    return typer.confirm(question, default=default)
