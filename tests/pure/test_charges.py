"""What the API charged: every form of the answer that is known, pages, and forms that are none."""

from typing import Any

import pytest

from daemon.atlas.charges import Charge, parse, path
from daemon.atlas.wire import Malformed

DAY = "2026-01-31"
MONEY = {"value": "0.240000", "currency": "usd"}
CHARGE = Charge(DAY, "m/1", 0.24)


def bucket(**row: Any) -> dict[str, Any]:
    return {"object": "model_cost.bucket", "date": DAY, "results": [{"amount": MONEY, **row}]}


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [bucket(model={"id": "ms-m/1", "name": "m/1"})], "has_more": False, "next_page": None},
        {"data": [bucket(model="m/1")]},
        {"data": [bucket(model_id="m/1")]},
        {"code": 200, "data": {"data": [bucket(model="m/1")]}},
        {"data": [{"date": DAY, "model": "m/1", "cost": 0.24}]},
        [{"date": DAY, "model": "m/1", "cost": MONEY}],
    ],
)
def test_each_form_of_the_answer_is_read(answer: Any) -> None:
    assert parse(answer) == ((CHARGE,), None)


def test_a_day_without_costs_and_a_total_without_model_are_read() -> None:
    assert parse({"data": [{"date": DAY, "results": []}, bucket()]}) == ((Charge(DAY, "", 0.24),), None)


def test_pages_are_told_and_asked_for() -> None:
    assert parse({"data": [], "has_more": True, "next_page": "a&b"}) == ((), "a&b")
    assert parse({"data": [], "has_more": False, "next_page": "a"}) == ((), None)
    assert path(DAY, "2026-02-01", "a&b").endswith("&page=a%26b")
    assert f"start_date={DAY}&end_date=2026-02-01&group_by%5B%5D=model" in path(DAY, "2026-02-01")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"data": "none"},
        {"data": [1]},
        {"data": [{"results": []}]},
        {"data": [{"date": DAY, "results": [{"amount": {"value": "much"}}]}]},
        {"data": [{"date": DAY, "results": [7]}]},
    ],
)
def test_what_is_no_such_answer_is_malformed(answer: Any) -> None:
    with pytest.raises(Malformed):
        parse(answer)
