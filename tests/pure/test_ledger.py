"""Money: what jobs count with, and a ledger that never lets two submits have the last dollar."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.money.amounts import (
    DAY,
    at_least,
    counted,
    day_of,
    dollars,
    end_of_day,
    estimate,
    micros,
    outputs_wanted,
)
from daemon.money.ledger import Ledger
from tests.made import made_job

TODAY = 20_000


def empty(_day: int) -> dict[str, int]:
    return {}


def test_a_budget_for_five_holds_exactly_five() -> None:
    ledger, amount = Ledger(empty), micros(0.08)
    got = [ledger.take(TODAY, "cats", amount, most=micros(0.4)) for _ in range(7)]
    assert got == [None] * 5 + [""] * 2
    assert ledger.spent(TODAY) == {"cats": micros(0.4)}


def test_threads_never_both_get_the_last_dollar() -> None:
    ledger, ready = Ledger(empty), threading.Barrier(8)

    def spend(_: int) -> int:
        ready.wait(20)
        return sum(ledger.take(TODAY, "cats", 10, most=1000) is None for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(8))) == 100


def test_a_folders_own_budget_stops_that_folder_alone() -> None:
    ledger = Ledger(empty)
    assert ledger.take(TODAY, "cats", 5, most=100, most_in_folder=5) is None
    assert ledger.take(TODAY, "cats", 5, most=100, most_in_folder=5) == "cats"
    assert ledger.take(TODAY, "dogs", 95, most=100) is None
    assert ledger.take(TODAY, "dogs", 1, most=100) == ""


@pytest.mark.parametrize("spent", [10, 11])
def test_where_all_is_spent_not_even_an_unknown_price_goes_out(spent: int) -> None:
    ledger = Ledger(lambda _: {"cats": spent})
    assert ledger.take(TODAY, "cats", 0, most=10) == ""
    assert ledger.take(TODAY, "cats", 0, most=12) is None


def test_a_new_day_begins_with_what_the_table_says_of_it() -> None:
    asked: list[int] = []

    def load(day: int) -> dict[str, int]:
        asked.append(day)
        return {"cats": 7} if day == TODAY else {}

    ledger = Ledger(load)
    assert ledger.take(TODAY, "cats", 3, most=10) is None
    assert ledger.take(TODAY, "cats", 1, most=10) == ""
    assert ledger.take(TODAY + 1, "cats", 10, most=10) is None
    assert ledger.spent(TODAY) == {"cats": 10}  # a clock that is set back finds its day as it was
    assert asked == [TODAY, TODAY + 1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cost", "refuse"]), st.integers(0, 300), st.one_of(st.none(), st.integers(0, 300))
        ),
        max_size=12,
    )
)
def test_the_ledger_follows_the_rows(steps: list[tuple[str, int, int | None]]) -> None:
    """However costs become known and submits are refused, the sum is that of the rows."""
    ledger, rows = Ledger(empty), []
    for kind, estimated, cost in steps:
        ledger.take(TODAY, "cats", estimated)
        before = made_job(spent_at=TODAY * DAY + 5.0, estimate_usd=estimated / 1e6)
        usd = None if cost is None else cost / 1e6
        changes = {"cost_usd": usd} if kind == "cost" else {"spent_at": None}
        after = made_job(**{"spent_at": before.spent_at, "estimate_usd": before.estimate_usd, **changes})
        ledger.follow(before, after)
        rows.append(after)
    assert Counter(ledger.spent(TODAY))["cats"] == sum(map(counted, rows))


def test_what_is_on_another_day_is_left_to_the_table() -> None:
    ledger = Ledger(empty)
    paid = made_job(spent_at=(TODAY - 1) * DAY + 5.0, estimate_usd=1.0)
    ledger.follow(paid, made_job(spent_at=paid.spent_at, cost_usd=3.0))
    assert ledger.spent(TODAY) == {}


@pytest.mark.parametrize(
    ("values", "amount"),
    [
        ({"cost_usd": 3.0}, 0),
        ({"spent_at": 1.0}, 0),
        ({"spent_at": 1.0, "estimate_usd": 0.08}, 80_000),
        ({"spent_at": 1.0, "estimate_usd": 0.08, "cost_usd": 0.25}, 250_000),
        ({"spent_at": 1.0, "estimate_usd": 0.08, "cost_usd": 0.0}, 0),
    ],
)
def test_a_job_counts_with_its_cost_else_its_estimate(values: dict[str, float], amount: int) -> None:
    assert counted(made_job(**values)) == amount


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ({}, 1),
        ({"n": 3}, 3),
        ({"num_images": 4}, 4),
        ({"num_outputs": 4.0}, 4),
        ({"num_images": 1, "num_outputs": 4}, 4),
        ({"n": 200}, 100),
        ({"n": float("nan")}, 1),
        ({"num_outputs": 0}, 1),
        ({"n": True}, 1),
        ({"n": "2"}, 1),
    ],
)
def test_each_output_that_is_asked_for_is_charged(body: dict[str, object], number: int) -> None:
    assert outputs_wanted(body) == number
    assert estimate(0.5, body) == 0.5 * number
    assert estimate(None, body) is None


@pytest.mark.parametrize(
    ("show", "usd", "text"),
    [
        (dollars, 0.0, "$0.00"),
        (dollars, 0.08, "$0.08"),
        (dollars, 0.0035, "$0.0035"),
        (dollars, 1234.5, "$1,234.50"),
        (at_least, 0.08, "at least $0.08"),
    ],
)
def test_amounts_are_shown_as_people_read_them(show: Callable[[float], str], usd: float, text: str) -> None:
    assert show(usd) == text


def test_a_day_ends_at_midnight_utc() -> None:
    last_second = 1_700_006_399.0  # 2023-11-14 23:59:59 UTC
    assert day_of(last_second) + 1 == day_of(last_second + 1)
    assert end_of_day(last_second) == "2023-11-15 00:00 UTC"
