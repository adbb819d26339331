"""What is known of a model's pace, and when to ask for a prediction next. Pure: times in, times out.

While nothing is known of a model, the pauses grow by a fifth, from a beginning that suits its kind. Once some
predictions were seen, the first question comes when a tenth of them would have been ready, the next ones follow
the quantiles (every sixth part of the probability that is left), and past the slowest one seen the pauses grow
again. A model that answers at once is so asked at once.
"""

from bisect import insort
from collections import deque

#: Seconds before the first and between the first questions, while nothing is known.
PRIOR = {"image": 0.5, "audio": 0.5, "video": 2.0}
SHORTEST = 0.25
LONGEST = 30.0
REMEMBERED = 64
ENOUGH = 3
_QUANTILES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.95, 1.0)


class Pace:
    """The latest durations of one model's predictions, in seconds."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def learn(self, seconds: float) -> None:
        """Take in how long a prediction took."""
        if len(self._recent) == REMEMBERED:
            self._sorted.remove(self._recent.popleft())
        self._recent.append(seconds)
        insort(self._sorted, seconds)

    @property
    def known(self) -> bool:
        """Tell whether enough was seen to go by."""
        return len(self._sorted) >= ENOUGH

    def quantile(self, share: float) -> float:
        """Give the duration within which `share` (0 to 1) of the predictions were ready."""
        return self._sorted[min(len(self._sorted) - 1, int(share * len(self._sorted)))]

    def typical(self) -> float | None:
        """Give the median duration, or None while too little is known."""
        return self.quantile(0.5) if self.known else None

    def next_after(self, elapsed: float, kind: str, polls: int) -> float:
        """Give the seconds after the submit at which to ask next.

        `elapsed`: seconds since the submit; `kind`: image, video or audio; `polls`: questions asked so far.
        """
        if not self.known:
            # The power stops growing long after LONGEST is reached, and before a float overflows.
            return elapsed + min(LONGEST, PRIOR.get(kind, 1.0) * 1.2 ** min(polls, 100)) if polls else 0.0
        for share in _QUANTILES:
            at = self.quantile(share)
            if at > elapsed or (polls == 0 and at >= elapsed):
                return at if polls == 0 else max(at, elapsed + min(SHORTEST, at * 0.1 + 0.01))
        overdue = elapsed - self._sorted[-1]
        return elapsed + min(LONGEST, max(SHORTEST, overdue * 0.3))
