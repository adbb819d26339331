"""What was spent, from the table, beside what the API really charged."""

from daemon.reports.outlook import costs
from daemon.service.reach import Reach
from tests.daemon.house import KEY, House
from tests.daemon.samples import picture
from tests.daemon.test_budget import PRICE, Days, begin, drop

KEYS = {"ATLASCLOUD_API_KEY": KEY}


def test_floors_stand_beside_what_was_really_charged(house: House) -> None:
    house.sandbox.set(charge=2.5)
    house.configure({"cats": {}, "dogs": {}})
    house.begin()
    assert house.daemon.catalogue.refresh(house.daemon.parts.client)
    drop(house, 2, "cats")
    drop(house, 1, "dogs")
    house.until_all_done(3)
    found = costs(Reach(house.settings()), KEYS, days=2, offline=False)
    assert found["api_trouble"] is None
    assert [(row["folder"], row["payments"], row["at_least_usd"]) for row in found["by_folder"]] == [
        ("cats", 2, 2 * PRICE),
        ("dogs", 1, PRICE),
    ]
    (model,) = found["by_model"]
    assert (model["model"], model["at_least_usd"], model["charged_usd"]) == ("sandbox/echo", 0.03, 0.075)
    assert (found["total"]["estimated_usd"], found["total"]["known_usd"]) == (0.03, 0.0)
    assert (found["total"]["charged_usd"], found["total"]["difference_usd"]) == (0.075, 0.045)
    assert sum(row["charged_usd"] for row in found["by_day"]) == 0.075


def test_a_cost_that_a_prediction_tells_takes_the_place_of_the_floor(house: House) -> None:
    house.sandbox.set(charge=3, tell_price=True)
    house.configure(limits={"daily_budget_usd": 4 * PRICE})
    begin(house)
    job = house.until(house.drop("first.png", picture(1)))
    assert (job.estimate_usd, job.cost_usd) == (PRICE, 0.03)
    assert house.daemon.status()["spend_today_usd"] == 3 * PRICE
    house.until(house.drop("second.png", picture(2)))
    house.until_held(house.drop("third.png", picture(3)), "budget")


def test_an_api_that_does_not_say_is_no_failure(house: House) -> None:
    house.configure()
    begin(house, Days())
    house.until(house.drop("first.png", picture(1)))
    house.stop()
    reach = Reach(house.settings())
    for status in (401, 403, 500):
        house.sandbox.fault("costs", "status", code=status)
        found = costs(reach, KEYS, days=2, offline=False)
        assert found["api_trouble"]
        assert (found["total"]["at_least_usd"], found["total"]["charged_usd"]) == (PRICE, None)
    before = house.sandbox.count("costs")
    assert costs(reach, KEYS, days=2, offline=True)["api_trouble"] is None
    assert house.sandbox.count("costs") == before
