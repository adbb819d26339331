"""What the API says it charged, by UTC day and model: `GET /public/v1/model-costs`. Pure.

Facts are from the vendor's pages on its billing API: `end_date` is exclusive, a range covers at most 180 days,
rows come in daily buckets and in pages that `next_page` continues. A flat list of rows is accepted too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from daemon.atlas.text import plain
from daemon.atlas.wire import Malformed, amount

COSTS = "/public/v1/model-costs"
#: The most rows that an answer holds.
_ROWS = 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Charge:
    """What was charged on one UTC day (2026-01-31) for one model, in USD."""

    date: str
    model: str
    usd: float


def path(first: str, after: str, page: str | None = None) -> str:
    """Give the path that asks for the days from `first` until before `after`; `page` continues an answer."""
    query = {"start_date": first, "end_date": after, "group_by[]": "model", "limit": _ROWS}
    return f"{COSTS}?{urlencode({**query, **({} if page is None else {'page': page})})}"


def parse(answer: Any) -> tuple[tuple[Charge, ...], str | None]:
    """Give an answer's charges, and the next page if there is one; raises Malformed."""
    entries = answer.get("data") if isinstance(answer, dict) else answer
    if isinstance(entries, dict):
        entries = entries.get("data", entries.get("results"))
    if not isinstance(entries, list):
        raise Malformed("no list of costs")
    page = answer.get("next_page") if isinstance(answer, dict) and answer.get("has_more") else None
    charges = tuple(charge for entry in entries for charge in _charges(entry))
    return charges, page if isinstance(page, str) and page else None


def _charges(entry: Any) -> Iterator[Charge]:
    if not isinstance(entry, dict) or not _DATE.match(str(entry.get("date"))):
        raise Malformed("a cost without its day")
    date, results = str(entry["date"])[:10], entry.get("results", [entry])
    for result in results if isinstance(results, list) else []:
        row = result if isinstance(result, dict) else {}
        money = row.get("amount", row.get("cost"))
        usd = amount(money.get("value") if isinstance(money, dict) else money)
        if usd is None:
            raise Malformed("a cost that is no amount")
        yield Charge(date, _model(row), usd)


def _model(row: dict[str, Any]) -> str:
    """Give the model's id as requests name it: an answer has it as a word, or as a table with its name."""
    model = row.get("model", row.get("model_id"))
    if isinstance(model, dict):
        model = model.get("name") or model.get("id")
    return plain(model, 200) if isinstance(model, str) else ""
