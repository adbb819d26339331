"""What messages say. Pure; names come escaped (names.shown), and no secret is among what is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daemon.notify.grouping import GateTold, Jobs, Part
from daemon.states import State

#: Characters of a reason that are repeated; the rest is in `hotfolder show`.
_LONGEST_WHY = 300
_ADVICE = {
    "failed": "Each lies in its inbox's failed/ with the reason beside it; moved back, it is tried again.",
    "held": "`hotfolder status` says what each waits for.",
}
_AGAIN = {
    "key": "The API key is accepted again",
    "balance": "The balance suffices again",
    "low": "The balance is above the limit again",
    "budget": "The budget has room again",
    "pile": "The pile was let go",
    "folder": "It can be used again",
    "table": "The job table is in order again",
    "unreachable": "The API can be reached again",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. `level` is one of Apprise's kinds: failure, warning, success, info."""

    title: str
    body: str
    level: str


def message(parts: Sequence[Part], host: str) -> Message:
    """Put what is due into one message; `host` names the machine."""
    heads = [_head(part) for part in parts]
    more = f" and {len(heads) - 1} more" if len(heads) > 1 else ""
    return Message(f"hotfolder on {host}: {heads[0]}{more}", "\n\n".join(map(_text, parts)), _level(parts))


def trial(host: str) -> Message:
    """Give the message that only shows that messages arrive."""
    return Message(f"hotfolder on {host}: a test", "Messages of hotfolder arrive here.", "info")


def summary(
    host: str,
    *,
    ended: Mapping[tuple[str, State], int],
    counts: Mapping[tuple[str, State], int],
    spent_usd: float,
    gates: Sequence[str],
) -> Message:
    """Say what the last day brought.

    `ended`: how many jobs ended in it, by folder and state; `counts`: how many stand where now; `spent_usd`: costs
    as far as they are known, else what they come to at least; `gates`: why nothing is sent at present.
    """
    folders = sorted({folder for folder, _ in [*ended, *(key for key, count in counts.items() if count)]})
    lines = [line for folder in folders if (line := _of_folder(folder, ended, counts))]
    total = {state: sum(n for (_, each), n in ended.items() if each is state) for state in State}
    held = sum(count for (_, state), count in counts.items() if state is State.HELD)
    title = f"hotfolder on {host}: {total[State.DONE]} done, {total[State.FAILED]} failed, {held} held"
    body = [*(lines or ["Nothing was dropped in the last 24 hours."]), f"Spent: at least ${spent_usd:.2f}"]
    return Message(title, "\n".join([*body, *gates]), "warning" if held or total[State.FAILED] else "info")


def _of_folder(
    folder: str, ended: Mapping[tuple[str, State], int], counts: Mapping[tuple[str, State], int]
) -> str:
    words = [f"{n} {state}" for state in State if (n := ended.get((folder, state), 0))]
    waiting = sum(n for (name, state), n in counts.items() if name == folder and state in _UNDER_WAY)
    words += [f"{waiting} under way"] if waiting else []
    held = counts.get((folder, State.HELD), 0)
    words += [f"{held} held now"] if held else []
    return f"{folder}: {', '.join(words)}" if words else ""


_UNDER_WAY = frozenset(State) - {State.DONE, State.FAILED, State.CANCELLED, State.HELD}


def _head(part: Part) -> str:
    if isinstance(part, Jobs):
        files = "1 file" if part.count == 1 else f"{part.count} files"
        return f"{files} {'held' if part.subject == 'held' else 'failed'} in {part.folder}"
    return f"{part.scope}: {_gate(part)}" if part.scope else _gate(part)


def _gate(part: GateTold) -> str:
    return part.reason.partition("\n")[0].rstrip(".")[:80] if part.closed else _AGAIN.get(part.code, part.code)


def _text(part: Part) -> str:
    if isinstance(part, Jobs):
        first = "" if part.count == 1 else "the first: "
        return f"{_head(part)}; {first}{part.name}: {_short(part.why)}\n{_ADVICE[part.subject]}"
    where = f"The folder {part.scope}: " if part.scope else ""
    if part.closed:
        end = "" if part.code == "low" else " Nothing is sent until that is over."
        return f"{where}{_short(part.reason).rstrip('.')}.{end}"
    return f"{where}{_AGAIN.get(part.code, part.code)}; work goes on."


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_WHY else text[: _LONGEST_WHY - 1] + "…"


def _level(parts: Sequence[Part]) -> str:
    if all(isinstance(part, GateTold) and not part.closed for part in parts):
        return "success"
    return "failure" if any(isinstance(part, Jobs) and part.subject == "failed" for part in parts) else "warning"
