"""A dry run says what would be sent and what it would cost, sends nothing and touches nothing."""

import os
from typing import Any

import pytest

from daemon.reports.dryrun import UPLOADED, Plan
from daemon.reports.outlook import plans
from daemon.service.reach import Reach
from tests.daemon.house import FOLDER, House, files_below
from tests.daemon.samples import picture
from tests.daemon.test_budget import PRICE, at_rest, begin


def planned(house: House) -> tuple[dict[str, Plan], dict[str, Any]]:
    """Give the plans by the path below the house, and the sums."""
    files, sums = plans(Reach(house.settings()))
    return {os.path.basename(each.source): each for each in files}, sums


def test_each_file_is_told_with_its_request_and_nothing_is_sent_or_written(house: House) -> None:
    house.configure(
        {FOLDER: {"prompt": "paint {folder}", "params": {"seed": 7}}, "more": {"duplicates": "process"}},
        limits={"daily_budget_usd": 2 * PRICE, "confirm_above": 3},
    )
    house.drop("a.png", picture(1))
    house.drop("b.png", picture(1))
    house.drop("c.png", picture(2))
    house.put(house.inbox(FOLDER, "c.png.toml"), b'prompt = "three of them"\nparams = { n = 3 }')
    house.drop("short.png", picture(3)[:-30])
    house.drop("wrong.png", b"this is no picture, whatever its name says")
    house.drop("notes.pdf", b"%PDF")
    house.drop("d.png", picture(4), "more")
    house.drop("e.png", picture(4), "more")
    before = files_below(house.base)

    found, sums = planned(house)
    assert {name: str(plan.fate) for name, plan in found.items()} == {
        "a.png": "send",
        "b.png": "copy",
        "c.png": "send",
        "short.png": "wait",
        "wrong.png": "refuse",
        "notes.pdf": "leave",
        "d.png": "send",
        "e.png": "send",
    }
    assert (found["a.png"].kind, found["a.png"].usd) == ("image", PRICE)
    assert found["a.png"].request == {
        "model": "sandbox/echo",
        "prompt": f"paint {FOLDER}",
        "seed": 7,
        "image_url": UPLOADED,
    }
    request = found["c.png"].request
    assert request is not None
    assert request["prompt"] == "three of them"
    assert found["c.png"].usd == pytest.approx(3 * PRICE)
    assert "a.png: not paid again" in found["b.png"].note
    assert (sums["total"]["send"], sums["total"]["at_least_usd"]) == (4, 6 * PRICE)
    assert sums["folders"]["more"]["at_least_usd"] == 2 * PRICE
    (note,) = sums["notes"]
    assert "the daily budget, $0.02, has $0.02 left today" in note

    assert files_below(house.base) == before
    assert not os.path.exists(house.settings().state_dir)
    assert {entry.call for entry in house.sandbox.journal()} <= {"models", "schema"}


def test_it_tells_by_the_models_schema_what_would_be_sent_and_what_is_wrong(house: House) -> None:
    house.configure(model="google/nano-banana-2/edit", prompt="oil", params={"sed": 7})
    house.drop("a.png", picture(1))
    found, sums = planned(house)
    assert found["a.png"].request is not None
    assert found["a.png"].request["images"] == [UPLOADED]
    assert any("folders.pictures.params.sed" in note for note in sums["notes"])


def test_beside_a_running_daemon_it_knows_what_is_a_job_already(house: House) -> None:
    house.configure(after="keep", confirm_above=1)  # so that neither of the next two goes before the other comes
    begin(house)
    house.until(house.drop("done.png", picture(1)))
    for number in (2, 3):
        house.drop(f"{number}.png", picture(number))
    at_rest(house, 3)
    house.drop("again.png", picture(1))
    at_rest(house, 4)
    calls = len(house.sandbox.journal())
    found, sums = planned(house)
    assert {name: (str(plan.fate), plan.job) for name, plan in found.items()} == {
        "done.png": ("job", 1),
        "2.png": ("send", 2),
        "3.png": ("send", 3),
        "again.png": ("copy", 4),
    }
    assert sums["total"]["at_least_usd"] == 2 * PRICE
    assert len([entry for entry in house.sandbox.journal()[calls:] if entry.call not in {"models", "schema"}]) == 0


def test_it_says_that_a_pile_would_wait(house: House) -> None:
    house.configure(confirm_above=2)
    for number in range(3):
        house.drop(f"{number}.png", picture(number))
    _, sums = planned(house)
    assert f"3 new files in {FOLDER}, at least $0.03, are a pile" in sums["notes"][0]


def test_without_prices_nothing_is_counted_and_that_is_said(house: House) -> None:
    house.configure()
    house.drop("a.png", picture(1))
    house.sandbox.fault("models", "status", code=500)
    found, sums = planned(house)
    assert (str(found["a.png"].fate), found["a.png"].usd) == ("send", None)
    assert sums["notes"] == [f"the price of sandbox/echo is not known, so what {FOLDER} costs is not counted"]
