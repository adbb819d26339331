"""Budgets of a daemon that runs: spending stops where they are reached, no job fails, and it goes on by itself."""

import time

import pytest

from daemon.clock import Clock
from daemon.money.amounts import DAY
from daemon.states import State
from tests.daemon.house import FOLDER, House
from tests.daemon.samples import picture
from tests.support import wait_for

#: The model of the tests' rules costs so much in the sandbox's catalogue, in USD.
PRICE = 0.01


class Days(Clock):
    """A clock that begins at noon, so that no midnight comes in between, and can be set to another day."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = DAY / 2 - time.time() % DAY

    def wall(self) -> float:  # type: ignore[override]
        return time.time() + self.ahead


def begin(house: House, clock: Days | None = None) -> None:
    """Start with the configuration as it is, at noon, with prices known."""
    house.begin(clock or Days())
    assert house.daemon.catalogue.refresh(house.daemon.parts.client)


def drop(house: House, number: int, folder: str = FOLDER) -> list[str]:
    """Drop so many files, other ones in each folder."""
    first = sum(map(ord, folder)) * 100
    return [house.drop(f"{each}.png", picture(first + each), folder) for each in range(number)]


def at_rest(house: House, number: int) -> dict[str, int]:
    """Wait until so many jobs are there and none moves; give their number by state."""
    wait_for(lambda: len(house.jobs()) == number and house.daemon.at_rest(), 30, "rest")
    states = [str(job.state) for job in house.jobs()]
    return {state: states.count(state) for state in sorted(set(states))}


def accepted(house: House) -> int:
    return sum(entry.prediction_id is not None for entry in house.submits())


def test_what_was_sent_at_an_unknown_price_is_told_beside_the_budget(house: House) -> None:
    house.sandbox.fault("models", "status", code=500, count=None)
    house.configure(limits={"daily_budget_usd": PRICE})
    house.begin(Days())
    house.until(drop(house, 1)[0])
    status = house.daemon.status()
    assert (status["spend_today_usd"], status["unpriced_today"]) == (0.0, 1)


def test_a_budget_for_five_of_twenty_files_sends_five(house: House) -> None:
    house.configure(limits={"daily_budget_usd": 5 * PRICE})
    begin(house)
    drop(house, 20)
    found = at_rest(house, 20)
    assert (found["done"], found["held"], found.get("failed")) == (5, 1, None)
    assert len(house.submits()) == 5
    (held,) = [job for job in house.jobs() if job.state is State.HELD]
    assert held.error_code == "budget"
    assert "$0.05, is reached: at least $0.05 spent today" in (held.error_message or "")
    status = house.daemon.status()
    assert (status["spend_today_usd"], status["daily_budget_usd"]) == (0.05, 0.05)
    assert [gate["code"] for gate in status["gates"]] == ["budget"]

    house.stop()
    begin(house)  # what was spent is in the table
    assert at_rest(house, 20)["done"] == 5
    assert len(house.submits()) == 5

    house.rewrite("daily_budget_usd = 0.05", "daily_budget_usd = 0.07")
    house.daemon.reload()
    wait_for(lambda: accepted(house) == 7, 20, "two more")
    assert at_rest(house, 20)["done"] == 7
    assert len(house.submits()) == 7


def test_it_goes_on_by_itself_on_the_next_day(house: House) -> None:
    clock = Days()
    house.configure(limits={"daily_budget_usd": 2 * PRICE})
    begin(house, clock)
    drop(house, 3)
    assert at_rest(house, 3) == {"done": 2, "held": 1}
    clock.ahead += DAY
    house.daemon.parts.gates.probe_now(clock.now())
    house.daemon.parts.scheduler.later(clock.now())
    house.until_all_done(3)
    assert house.daemon.status()["spend_today_usd"] == PRICE


def test_a_folders_own_budget_stops_that_folder_alone(house: House) -> None:
    house.configure({"cats": {"daily_budget_usd": PRICE}, "dogs": {}})
    begin(house)
    drop(house, 3, "cats")
    drop(house, 3, "dogs")
    found = at_rest(house, 6)
    assert (found["done"], found["held"]) == (4, 1)
    assert house.gates() == {"budget": "cats"}
    folders = house.daemon.status()["folders"]
    assert (folders["cats"]["spend_today_usd"], folders["dogs"]["spend_today_usd"]) == (PRICE, 3 * PRICE)


def test_what_is_certainly_not_accepted_is_given_back_and_what_may_be_paid_is_not(house: House) -> None:
    house.configure(limits={"daily_budget_usd": 2 * PRICE})
    begin(house)
    house.sandbox.fault("submit", "status", code=400)
    house.until_failed(house.drop("refused.png", picture(1)))
    assert house.daemon.status()["spend_today_usd"] == 0.0
    house.sandbox.fault("submit", "reset_after")
    house.until_held(house.drop("unknown.png", picture(2)), "unknown_submit")
    assert house.daemon.status()["spend_today_usd"] == PRICE
    house.until(house.drop("fine.png", picture(3)))
    house.until_held(house.drop("late.png", picture(4)), "budget")


def test_paying_again_counts_both_payments(house: House) -> None:
    house.configure(limits={"daily_budget_usd": 2 * PRICE})
    begin(house)
    house.sandbox.fault("submit", "reset_after")
    job = house.until_held(house.drop("unknown.png", picture(2)), "unknown_submit")
    house.daemon.parts.actions.retry([job.id], pay_again=True)
    house.until(job.source)
    assert house.daemon.status()["spend_today_usd"] == 2 * PRICE
    house.stop()
    begin(house)
    assert house.daemon.status()["spend_today_usd"] == 2 * PRICE


def test_a_copy_costs_nothing_and_a_failed_prediction_is_given_back(house: House) -> None:
    house.configure()
    begin(house)
    house.until(house.drop("first.png", picture(1)))
    copy = house.until(house.drop("copy.png", picture(1)))
    assert (copy.twin_of, copy.spent_at, copy.estimate_usd) == (1, None, None)
    house.sandbox.fault("poll", "prediction_status", status="failed")
    failed = house.until_failed(house.drop("failed.png", picture(2)))
    assert (failed.estimate_usd, failed.cost_usd) == (PRICE, 0.0)
    assert house.daemon.status()["spend_today_usd"] == PRICE


def test_a_model_without_a_price_is_sent_and_said_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.configure(limits={"daily_budget_usd": 1.0})
    begin(house)
    house.daemon.parts.budget._prices = lambda _: None
    drop(house, 3)
    house.until_all_done(3)
    assert caplog.text.count("the price of sandbox/echo is not known") == 1
    assert {job.estimate_usd for job in house.jobs()} == {None}


def test_a_retry_waits_for_room_like_all_others(house: House) -> None:
    house.configure(limits={"daily_budget_usd": PRICE})
    begin(house)
    drop(house, 2)
    at_rest(house, 2)
    (held,) = [job for job in house.jobs() if job.state is State.HELD]
    house.daemon.parts.actions.retry([held.id])
    assert at_rest(house, 2) == {"done": 1, "uploaded": 1}
    assert len(house.submits()) == 1
    house.rewrite("daily_budget_usd = 0.01", "daily_budget_usd = 1.0")
    house.daemon.reload()
    house.until_all_done(2)


def test_a_job_that_no_day_has_room_for_stops_its_own_folder_alone_and_says_so(house: House) -> None:
    dear = {"params": {"n": 4}}
    house.configure({"dear": dear, "cheap": {}}, limits={"daily_budget_usd": 3 * PRICE})
    clock = Days()
    begin(house, clock)
    job = house.until_held(house.drop("dear.png", picture(1), "dear"), "budget")
    assert "at least $0.04, more than the whole daily budget, $0.03" in (job.error_message or "")
    assert "UTC" not in (job.error_message or "")  # no day is of help
    assert house.gates() == {"budget": "dear"}
    house.until(house.drop("cheap.png", picture(2), "cheap"))
    clock.ahead += DAY
    house.hurry()
    house.until(house.drop("next.png", picture(3), "cheap"))
    house.stop()
    begin(house, clock)
    house.until(house.drop("other.png", picture(4), "cheap"))
    assert house.until_held(job.source, "budget").id == job.id
    house.reload({"dear": {}, "cheap": {}}, limits={"daily_budget_usd": 3 * PRICE})
    house.until(job.source)


def test_what_a_cancelled_job_wanted_keeps_no_cheaper_one_waiting(house: House) -> None:
    house.configure(daily_budget_usd=3 * PRICE)
    begin(house)
    house.put(house.inbox(FOLDER, "dear.png.toml"), b"params = { n = 4 }")
    dear = house.until_held(house.drop("dear.png", picture(1)), "budget")
    cheap = house.drop("cheap.png", picture(2))
    house.until(cheap, State.QUEUED, State.UPLOADED)
    assert "hotfolder cancel" in (dear.error_message or "")
    house.daemon.parts.actions.cancel([dear.id])
    house.hurried(cheap)
    assert len(house.submits()) == 1


def test_what_did_not_fit_does_not_count_under_another_rule(house: House) -> None:
    house.configure(limits={"daily_budget_usd": 4 * PRICE}, params={"n": 3})
    begin(house)
    house.until(house.drop("first.png", picture(1)))
    second = house.until_held(house.drop("second.png", picture(2)), "budget")
    house.reload(limits={"daily_budget_usd": 4 * PRICE}, params={"n": 1})
    house.until(second.source)
