"""What is known of a model's pace, and when to ask for a prediction next. Pure: times in, times out.

A question asked too soon is one more request, one asked too late lets a result wait. So each question has a
price in seconds of lateness: `_PRICE`, and `_SHARE` of the time waited so far, for who waited two minutes does not
mind two seconds. Where predictions end with the hazard h (hazard.py), pauses of sqrt(2 · price / h) make lateness
and price together least: short where many end, long where few do (J. B. Keller, "Optimum checking schedules for
systems subject to random failure", 1974). A pause is then one step on a scale that the hazard stretches. The
first question comes after `FIRST` steps: it is asked for every prediction, so it is the dearest one, and most
results are seen sooner if it is saved for later.

What this comes to, by simulation (tests/pure/test_schedules.py), with 0.02 s from a question's moment to the
question; the one that is answered with the result counts too. Beside it, what a fixed pause of 2 s comes to:

    durations                              questions   late: median    mean      every 2 s: questions, median
    4 s ± 25 %, evenly                           2.4         0.19 s   0.25 s                     2.5    1.0 s
    60 s to 120 s, evenly                        3.8          3.7 s    4.1 s                    45.5    1.0 s
    all 10 s                                     1.0          0.4 s    0.4 s                     5.0    0.0 s
    9 of 10 as the first, else 60 s ± 10 s       3.8          0.3 s    0.4 s                     5.3    1.0 s
    20 s in the mean, without memory             7.7          1.4 s    1.6 s                    10.5    1.0 s

Where so many are in flight that this would be more questions than may be asked, all predictions get the same share
of theirs (`stretch`): to ask less often at the right times is better than to ask late, in a queue's order.

Of a model that is unknown it is taken for true that a prediction that has lasted for so long may last as long
again: its pauses are a quarter of the time waited, from a beginning that suits the kind. The first question comes
at once, as it does for a model that was seen to answer at once.
"""

import math
import threading
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from daemon.pace.hazard import BINS, Hazard, bin_of, start_of

#: Seconds of lateness that one question is worth: in any case, and for each second waited.
_PRICE, _SHARE = 0.011, 0.012
#: Steps before the first question.
FIRST = 2.5
#: Questions less the steps that a prediction takes: the first comes after `FIRST`, the last half a step late.
_BEYOND = 1.5 - FIRST
#: The shortest pause for each kind of result while nothing is known, and otherwise, in seconds.
PRIOR = {"image": 0.5, "audio": 0.5, "video": 2.0}
SHORTEST = 0.05
#: Once half of the predictions would be ready, no pause is longer than this share of the time waited, or so long.
OVERDUE, LONGEST = 0.25, 30.0
#: So many predictions must have ended before what was seen counts.
ENOUGH = 3
#: The steps are counted anew after so many lessons: that takes as long as a dozen of them.
_LESSONS = 16
#: What shares a moment is asked for together; a moment is at most this share of a pause.
_GRID = 1 / 32


class Pace:
    """How long one model's predictions take, in seconds. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hazard = Hazard()
        self._seen = 0
        self._lessons = 0
        self._steps: list[float] = []  # by bin: steps from the beginning to the bin's start
        self._half = math.inf
        self._mean = self._mean_steps = 0.0  # of all durations: seconds, and steps

    def waited(self, after: float, by: float) -> None:
        """Take in that a prediction was not ready `after` so many seconds, nor `by` so many."""
        with self._lock:
            self._hazard.waited(after, by)
            self._lessons += 1

    def learn(self, after: float, by: float, at: float | None = None) -> float:
        """Take in that a prediction was not ready `after` so many seconds, and ready `by` so many.

        Gives its duration: `at`, how long it took by its own account, where that lies between the two; else their
        middle, and what is learnt is that the end came anywhere in between.
        """
        after = min(max(0.0, after), by)
        with self._lock:
            self._seen += 1
            self._lessons += 1
            if at is not None and after <= at <= by:
                self._hazard.ended_at(after, at)
                return at
            self._hazard.ended(after, by)
            return (after + by) / 2

    @property
    def known(self) -> bool:
        """Tell whether enough was seen to go by."""
        return self._seen >= ENOUGH

    @property
    def seen(self) -> int:
        """How many predictions were seen to end."""
        return self._seen

    def typical(self) -> float | None:
        """Give the median duration, or None while too little is known."""
        with self._lock:
            self._count_steps()
            return self._half if self.known else None

    def rate(self) -> float:
        """Give how often one in flight is asked for, in questions a second; 0 while too little is known."""
        with self._lock:
            if not self.known:
                return 0.0
            self._count_steps()
            return self._questions() / self._mean

    def stretch(self, share: float) -> float:
        """Give what pauses are to be multiplied by so that only a share (0 to 1) of the questions is asked."""
        if share >= 1.0 or not self.known:
            return 1.0
        with self._lock:
            self._count_steps()
            return max(1.0, self._mean_steps / (max(1.0, share * self._questions()) - _BEYOND))

    def next_after(self, elapsed: float, kind: str, polls: int, stretch: float = 1.0) -> float:
        """Give the seconds after the submit at which to ask next; later than `elapsed` but for the first time.

        `elapsed`: seconds since the submit; `kind`: image, video or audio; `polls`: questions asked so far;
        `stretch`: what pauses are multiplied by.
        """
        with self._lock:
            self._count_steps()
            if polls == 0 and (not self.known or self._hazard.chance(0) >= 0.5):
                return elapsed
            at = self._after(elapsed, stretch * (1.0 if polls else FIRST))
            if not self.known or elapsed >= self._half:
                at = min(at, elapsed + min(LONGEST, OVERDUE * elapsed))
            return max(at, elapsed + (SHORTEST if self.known else PRIOR.get(kind, 1.0)))

    def as_json(self) -> dict[str, Any]:
        """Give what is known, for `restored`."""
        with self._lock:
            return {"seen": self._seen, **self._hazard.as_json()}

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> "Pace":
        """Make one of what `as_json` gave; raises ValueError, LookupError or TypeError for what it never gives."""
        made = cls()
        made._hazard = Hazard.restored(saved)
        made._seen = int(saved["seen"])
        return made

    def _questions(self) -> float:
        """Give about how often a prediction is asked for in all."""
        return max(1.0, self._mean_steps + _BEYOND)

    def _after(self, elapsed: float, steps: float) -> float:
        """Give the time that lies so many steps after `elapsed`."""
        number = bin_of(elapsed)
        begins = start_of(number)
        within = min(1.0, (elapsed - begins) / (start_of(number + 1) - begins))
        wanted = self._steps[number] + within * (self._steps[number + 1] - self._steps[number]) + steps
        found = bisect_left(self._steps, wanted)
        if found > BINS:
            return elapsed + LONGEST
        part = (wanted - self._steps[found - 1]) / (self._steps[found] - self._steps[found - 1])
        return start_of(found - 1) + part * (start_of(found) - start_of(found - 1))

    def _count_steps(self) -> None:
        """Count the steps to each bin, and find the median, unless that was done a few lessons ago."""
        if self._steps and (not self._lessons or self._lessons < _LESSONS < self._seen):
            return
        self._lessons = 0
        steps, left, half = [0.0], 1.0, math.inf
        mean = mean_steps = 0.0
        for number in range(BINS):
            begins, ends = start_of(number), start_of(number + 1)
            chance = self._hazard.chance(number)
            price = _PRICE + _SHARE * (begins + ends) / 2
            steps.append(steps[-1] + math.sqrt(-math.log(1 - chance) * (ends - begins) / (2 * price)))
            if left > 0.5 >= left * (1 - chance):
                half = begins + (ends - begins) * (1 - 0.5 / left) / chance
            mean += left * chance * (begins + ends) / 2
            mean_steps += left * chance * (steps[-2] + steps[-1]) / 2
            left *= 1 - chance
        self._steps, self._half = steps, half
        self._mean, self._mean_steps = mean, mean_steps


def together(at: float, pause: float) -> float:
    """Give the moment at or shortly after `at` (seconds since the epoch) for a question that ends a `pause`.

    Moments are the multiples of a power of two below a thirty-second of the pause: what is due in the same moment
    is claimed, asked for and written down together, instead of waking threads for each.
    """
    if pause < SHORTEST:
        return at
    grid = 2.0 ** math.floor(math.log2(pause * _GRID))
    return math.ceil(at / grid) * grid
