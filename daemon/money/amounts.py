"""Reckoning with money: what a job costs as far as that is known, UTC days, amounts as people read them. Pure.

Sums are kept in whole millionths of a dollar (the API's own money has six decimals), so that a budget which holds
five jobs holds exactly five. A price of the catalogue is a floor: what is charged can be several times as much.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.states import Job

MICRO = 1_000_000
DAY = 86400
#: Request fields by which models take the number of outputs; each output is charged (model pages).
_NUMBERS = ("num_images", "num_outputs", "n")
_MOST_OUTPUTS = 100


@dataclass(frozen=True, slots=True)
class Spending:
    """What one folder spent on one model in a stretch of time; amounts in USD.

    `known` was told by the API, `estimated` is the floor of the rest; `unpriced` payments have neither.
    """

    folder: str
    model: str
    payments: int
    known: float
    estimated: float
    unpriced: int

    @property
    def counted(self) -> float:
        """What it comes to, at least."""
        return self.known + self.estimated


def micros(usd: float) -> int:
    """Give an amount in USD as whole millionths."""
    return round(usd * MICRO)


def day_of(wall: float) -> int:
    """Give the number of the UTC day of `wall` (seconds since the epoch)."""
    return int(wall // DAY)


def date_of(day: int) -> str:
    """Give the UTC day with this number as 2026-01-31."""
    return dt.datetime.fromtimestamp(day * DAY, dt.UTC).date().isoformat()


def end_of_day(wall: float) -> str:
    """Give when the UTC day of `wall` ends, for people: 2026-02-01 00:00 UTC."""
    return f"{date_of(day_of(wall) + 1)} 00:00 UTC"


def outputs_wanted(body: Mapping[str, Any]) -> int:
    """Give how many outputs a request asks for, 100 at most; 1 where it names no number that can be one."""
    numbers = [body.get(name) for name in _NUMBERS]
    wanted = [each for each in numbers if isinstance(each, int | float) and not isinstance(each, bool)]
    return int(min(max([1, *(each for each in wanted if each >= 1)]), _MOST_OUTPUTS))


def estimate(price: float | None, body: Mapping[str, Any]) -> float | None:
    """Give the least that a request costs in USD, from its model's price; None where that is not known."""
    return None if price is None else price * outputs_wanted(body)


def counted(job: Job) -> int:
    """Give what the payment of a job counts with, in millionths: its cost, else its estimate, else nothing."""
    if job.spent_at is None:
        return 0
    return micros(next((usd for usd in (job.cost_usd, job.estimate_usd) if usd is not None), 0.0))


def dollars(usd: float) -> str:
    """Give an amount as people read it: $0.08, $12.50; less than a cent with as many digits as it takes."""
    return f"${usd:,.2f}" if usd == 0 or abs(usd) >= 0.01 else f"${usd:.6f}".rstrip("0")


def at_least(usd: float) -> str:
    """Give a floor as people read it."""
    return f"at least {dollars(usd)}"
