"""What only a person ends, pauses and piles: under which notes they are remembered, and how they are said."""

import shlex

#: Notes of pauses are kept under this prefix and the folder's name; alone it stands for all folders.
PAUSE = "pause:"
#: Notes of piles that wait for a person are kept under this prefix and the folder's name.
PILE = "pile:"
#: Notes of when a pile was let go (by the wall clock) are kept under this prefix and the folder's name.
APPROVED = "approved:"


def paused(folder: str) -> str:
    """Say that a folder is paused, or all of them ("")."""
    where = f"the folder {folder} is" if folder else "all folders are"
    return f"{where} paused by a person"


def piled(folder: str) -> str:
    """Say that the pile in a folder waits for a person."""
    return f"more files came into the folder {folder} within a minute than go by themselves; {approval(folder)}"


def approval(folder: str) -> str:
    """Say how the pile in a folder is let go."""
    return f"`hotfolder approve {shlex.quote(folder)}` lets them go"
