"""What was spent, by folder, model and day, from the job table; held against what the API says it charged.

Our own figures are costs where the API told them with a prediction, else floors from the catalogue's prices, so
the API's are usually higher. They also hold what other programs spent with the same account's keys.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from daemon.atlas.charges import Charge
from daemon.errors import StageError
from daemon.money.amounts import DAY, Spending, date_of
from daemon.table.queries import Queries

#: Gives what was charged from one UTC day until before another (2026-01-31); raises StageError.
Charges = Callable[[str, str], tuple[Charge, ...]]
_Row = dict[str, Any]


def collect(queries: Queries | None, charges: Charges | None, *, today: int, days: int) -> _Row:
    """Give what `hotfolder costs --json` prints, of the last `days` days up to `today` (numbers of UTC days).

    `queries`: None where there is no job table yet; `charges`: None where the API is not to be asked.
    """
    first = today - days + 1
    spent = [] if queries is None else _spent(queries, first, today)
    charged, trouble = _charged(charges, first, today)
    own = _sum([each for _, each in spent])
    models, dates = (_added(charged, name) for name in ("model", "date"))
    total = None if charged is None else {"": sum(each.usd for each in charged)}
    return {
        "from": date_of(first),
        "to": date_of(today),
        "total": {**own, **_beside("", own["at_least_usd"], total)},
        "by_folder": _rows("folder", _grouped(spent, lambda _, each: each.folder)),
        "by_model": _rows("model", _grouped(spent, lambda _, each: each.model), models),
        "by_day": _rows("day", _grouped(spent, lambda date, _: date), dates),
        "api_asked": charges is not None,
        "api_trouble": trouble,
    }


def _spent(queries: Queries, first: int, last: int) -> list[tuple[str, Spending]]:
    return [
        (date_of(day), each)
        for day in range(first, last + 1)
        for each in queries.spending(day * DAY, (day + 1) * DAY)
    ]


def _charged(charges: Charges | None, first: int, last: int) -> tuple[tuple[Charge, ...] | None, str | None]:
    """Give what the API charged, or why it does not say."""
    if charges is None:
        return None, None
    try:
        return charges(date_of(first), date_of(last + 1)), None
    except StageError as error:
        return None, str(error)


def _added(charged: Iterable[Charge] | None, name: str) -> dict[str, float] | None:
    """Add up what was charged by `model` or `date`; None where that is not known."""
    if charged is None:
        return None
    sums: dict[str, float] = {}
    for each in charged:
        sums[getattr(each, name)] = sums.get(getattr(each, name), 0.0) + each.usd
    return sums


def _grouped(
    spent: Iterable[tuple[str, Spending]], key_of: Callable[[str, Spending], str]
) -> dict[str, list[Spending]]:
    groups: dict[str, list[Spending]] = {}
    for date, each in spent:
        groups.setdefault(key_of(date, each), []).append(each)
    return groups


def _rows(
    name: str, groups: Mapping[str, list[Spending]], charged: Mapping[str, float] | None = None
) -> list[_Row]:
    """Give a row for each key, in order; what was charged stands beside it, also where we know of no payment."""
    rows = []
    for key in sorted({*groups, *(charged or {})}):
        own = _sum(groups.get(key, []))
        beside = {} if name == "folder" else _beside(key, own["at_least_usd"], charged)
        rows.append({name: key, **own, **beside})
    return rows


def _sum(parts: Sequence[Spending]) -> _Row:
    return {
        "payments": sum(each.payments for each in parts),
        "at_least_usd": round(sum(each.counted for each in parts), 6),
        "known_usd": round(sum(each.known for each in parts), 6),
        "estimated_usd": round(sum(each.estimated for each in parts), 6),
        "without_price": sum(each.unpriced for each in parts),
    }


def _beside(key: str, own: float, charged: Mapping[str, float] | None) -> _Row:
    """Give what the API charged, and by how much it is more than our own figure; None where it does not say."""
    usd = None if charged is None else round(charged.get(key, 0.0), 6)
    return {"charged_usd": usd, "difference_usd": None if usd is None else round(usd - own, 6)}
