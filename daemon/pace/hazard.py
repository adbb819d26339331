"""How likely it is that what has lasted so long ends just now: a hazard, learnt from what was seen. Pure.

Time since a beginning is cut into bins, each 4 % longer than the one before. Of each bin it is known how many came
into it (`waited`) and how many ended in it (`ended`); one over the other is the chance to end there. So each bin
goes by those that really got to it: where many began together, those that have not ended yet count as having
waited instead of not at all, and the first to end do not make the others look short.

Of what came into a bin only the last hundred count; with each further one, earlier ones weigh less. So a change is
followed, soonest where most pass by.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Seconds that the first bin lasts, and how much longer than the one before each further one is.
FIRST, RATIO = 0.05, 1.04
#: How many bins there are: up to two hours. What lasts longer is in the last one.
BINS = 304
#: How many of those that came into a bin count.
REMEMBERED = 100
_WIDTH = math.log(RATIO)
#: What is taken for true of a bin before anything was seen there, and how many that came into it this is worth: a
#: quarter of those that are left end while the time grows e-fold, and half end at once or never do.
_GUESS, _AT_ONCE, _WORTH = 1 - math.exp(-0.25 * _WIDTH), 0.5, 0.5
#: No bin ends everything: there is always something that lasts longer.
_MOST = 0.98
#: How an end at a known time counts for its bin's neighbours: few are seen, and the bins are narrow.
_SPREAD = (0.25, 0.5, 0.25)
#: Where each bin begins, in seconds, and where the last one ends.
_STARTS = (0.0, *(FIRST * RATIO**number for number in range(BINS)))


def bin_of(seconds: float) -> int:
    """Give the number of the bin that a time (seconds, at least 0) falls into."""
    return 0 if seconds < FIRST else min(BINS - 1, 1 + int(math.log(seconds / FIRST) / _WIDTH))


def start_of(number: int) -> float:
    """Give the time in seconds at which a bin begins, or with `BINS`, at which the last one ends."""
    return _STARTS[number]


class Hazard:
    """What was seen of one kind of wait. Not thread-safe. Times are seconds since each one's beginning."""

    def __init__(self) -> None:
        self._ended = [0.0] * BINS
        self._waited = [0.0] * BINS

    def chance(self, number: int) -> float:
        """Give the chance (0 to 1) that what gets into this bin ends in it."""
        guess = _GUESS if number else _AT_ONCE
        return min(_MOST, (self._ended[number] + _WORTH * guess) / (self._waited[number] + _WORTH))

    def waited(self, after: float, by: float) -> None:
        """Take in that one had not ended `after` so many seconds, and not `by` so many either."""
        for number in range(bin_of(after), bin_of(by)):
            self._came(number, 1.0)

    def ended(self, after: float, by: float) -> None:
        """Take in that one ended between these two times, nobody knows when: where it was likely so far."""
        numbers = range(bin_of(after), max(bin_of(after), bin_of(by)) + 1)
        left, shares = 1.0, []
        for number in numbers:
            chance = self.chance(number)
            shares.append(left * chance)
            left -= left * chance
        self._end(numbers[0], shares)

    def ended_at(self, after: float, at: float) -> None:
        """Take in that one had not ended `after` so many seconds, and did `at` so many."""
        middle = bin_of(at)
        self.waited(min(after, start_of(max(0, middle - 1))), start_of(max(0, middle - 1)))
        shares = _SPREAD if 0 < middle < BINS - 1 else (1.0,)
        self._end(middle - len(shares) // 2, shares)

    def _end(self, first: int, shares: Sequence[float]) -> None:
        """Count one end, a share of it in each bin from `first` on."""
        total = left = sum(shares)
        for number, share in enumerate(shares, first):
            self._came(number, left / total)
            self._ended[number] += share / total
            left -= share

    def _came(self, number: int, share: float) -> None:
        self._waited[number] += share
        if self._waited[number] > REMEMBERED:
            faded = REMEMBERED / self._waited[number]
            self._waited[number] *= faded
            self._ended[number] *= faded

    def as_json(self) -> dict[str, Any]:
        """Give all that was seen, for `restored`."""
        bins = {
            str(number): [round(waited, 3), round(ended, 3)]
            for number, (waited, ended) in enumerate(zip(self._waited, self._ended, strict=True))
            if waited
        }
        return {"first": FIRST, "ratio": RATIO, "bins": bins}

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> "Hazard":
        """Make one of what `as_json` gave; raises ValueError, LookupError or TypeError for what it never gives."""
        if (saved["first"], saved["ratio"]) != (FIRST, RATIO):
            raise ValueError("it was written with other bins")
        made = cls()
        for number, (waited, ended) in saved["bins"].items():
            if not 0 <= ended <= waited + 0.001 <= REMEMBERED + 1:
                raise ValueError(f"bin {number}: {ended} of {waited} can't have ended")
            made._waited[int(number)], made._ended[int(number)] = float(waited), float(ended)
        return made
