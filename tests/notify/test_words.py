"""What messages say."""

import pytest

from daemon.notify.grouping import GateTold, Jobs, Part
from daemon.notify.words import message, summary
from daemon.states import State

PILE = Jobs("failed", "cats", 37, "a.jpg", "The file is no picture.")
KEY = GateTold("key", "", "The API refuses the key.", closed=True)


def test_a_pile_says_how_many_where_and_why_the_first() -> None:
    told = message([PILE], "studio")
    assert told.title == "hotfolder on studio: 37 files failed in cats"
    assert told.body.startswith("37 files failed in cats; the first: a.jpg: The file is no picture.\n")
    assert "failed/" in told.body
    assert told.level == "failure"


def test_a_single_job_is_told_as_one() -> None:
    told = message([Jobs("held", "cats", 1, "a.jpg", "Nobody knows.")], "studio")
    assert told.title.endswith("1 file held in cats")
    assert "the first" not in told.body
    assert "hotfolder status" in told.body
    assert told.level == "warning"


def test_several_things_are_one_message() -> None:
    told = message([KEY, PILE], "studio")
    assert told.title == "hotfolder on studio: The API refuses the key and 1 more"
    assert "Nothing is sent until that is over." in told.body
    assert "37 files failed" in told.body


@pytest.mark.parametrize("code", ["key", "balance", "low", "budget", "pile", "folder", "table", "unreachable"])
def test_each_gate_is_told_when_it_closes_and_when_it_opens(code: str) -> None:
    closed = message([GateTold(code, "cats", "Something is wrong.", closed=True)], "studio")
    assert "The folder cats: Something is wrong." in closed.body
    assert closed.level == "warning"
    opened = message([GateTold(code, "cats", "Something is wrong.", closed=False)], "studio")
    assert "wrong" not in opened.body
    assert "work goes on" in opened.body
    assert opened.level == "success"


def test_long_reasons_are_cut() -> None:
    parts: list[Part] = [
        Jobs("failed", "cats", 1, "a.jpg", "x" * 5000),
        GateTold("key", "", "y" * 5000, closed=True),
    ]
    told = message(parts, "studio")
    assert len(told.body) < 1500
    assert len(told.title) < 200


def test_a_summary_counts_by_folder_and_says_what_is_in_the_way() -> None:
    told = summary(
        "studio",
        ended={("cats", State.DONE): 120, ("cats", State.FAILED): 3},
        counts={("cats", State.HELD): 2, ("dogs", State.QUEUED): 5, ("cats", State.DONE): 9000},
        spent_usd=1.2,
        gates=["The API refuses the key."],
    )
    assert told.title == "hotfolder on studio: 120 done, 3 failed, 2 held"
    assert told.body.splitlines() == [
        "cats: 120 done, 3 failed, 2 held now",
        "dogs: 5 under way",
        "Spent: at least $1.20",
        "The API refuses the key.",
    ]


def test_a_day_on_which_nothing_happened_is_told_too() -> None:
    told = summary("studio", ended={}, counts={("cats", State.DONE): 9000}, spent_usd=0.0, gates=[])
    assert "Nothing was dropped" in told.body
    assert told.level == "info"
