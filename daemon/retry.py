"""What follows from an error: again later, a gate, held, failed. Pure: error and attempts in, decision out."""

from dataclasses import dataclass

from daemon.errors import (
    Blocked,
    OutcomeUnknown,
    Rejected,
    SourceTrouble,
    StageError,
    Transient,
    Unreachable,
    Withheld,
)

#: Counted failures of one step, after which a job fails (or is held, where it was paid).
MAX_ATTEMPTS = 8
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
#: After what is not the job's fault (a rate limit, a full file table): how many go on at once is paced elsewhere.
UNCOUNTED_PAUSE = 8.0
#: The longest that the other side may make us wait with a Retry-After, in seconds.
LONGEST_ASKED_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Again:
    """Try the same step again at `at` (seconds since the epoch); `attempts` is the new count."""

    at: float
    attempts: int


@dataclass(frozen=True, slots=True)
class CloseGate:
    """Close the gate `code` (key, balance, folder, table, unreachable); the job waits, no attempt is used up."""

    code: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the job for a person, under this code."""

    code: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Fail the job, under this code."""

    code: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the job without blame: its source is no longer there."""

    code: str


Decision = Again | CloseGate | Hold | Fail | Cancel


def pause(attempts: int, chance: float, *, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> float:
    """Give the seconds to wait after `attempts` failures (1 is the first); `chance` is uniform in [0, 1).

    Full jitter over the upper half: doubling and capped, so that many jobs that failed together do not come
    back together, and none comes back at once.
    """
    ceiling = min(longest, first * 2.0 ** min(max(attempts, 1) - 1, 32))
    return ceiling * (0.5 + 0.5 * chance)


def decide(
    error: StageError, *, attempts: int, paid: bool, now: float, chance: float, most: int = MAX_ATTEMPTS
) -> Decision:
    """Say what follows from `error` for a job with `attempts` counted failures of this step so far.

    `paid`: the prediction was accepted, so the job is held where it would otherwise fail. `now` in seconds since
    the epoch, `chance` uniform in [0, 1), `most`: counted failures after which no more is tried.
    """
    if isinstance(error, Transient) and not isinstance(error, Unreachable):
        return _again(error, attempts=attempts, paid=paid, now=now, chance=chance, most=most)
    match error:
        case Unreachable():
            return CloseGate("unreachable")
        case Blocked():
            return CloseGate(error.code)
        case SourceTrouble():
            return Cancel(error.code)
        case Rejected():
            return Hold("result_refused") if paid else Fail(error.code)
    return Hold(error.code if isinstance(error, OutcomeUnknown | Withheld) else "internal")


def _again(
    error: Transient, *, attempts: int, paid: bool, now: float, chance: float, most: int
) -> Again | Hold | Fail:
    counted = attempts + 1 if error.counts else attempts
    if counted >= most:
        return Hold("result_refused") if paid else Fail(error.code)
    wait = pause(counted, chance) if error.counts else pause(1, chance, first=UNCOUNTED_PAUSE)
    if error.after is not None:
        wait = max(wait, min(error.after, LONGEST_ASKED_PAUSE))
    return Again(now + wait, counted)
