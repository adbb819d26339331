"""The commands about money, as a person sees them."""

from tests.cli.house import House


def test_a_pile_is_approved_and_its_costs_are_shown(house: House) -> None:
    with open(house.config, encoding="utf-8") as file:
        text = file.read()
    house.write(
        "hotfolder.toml", text + "confirm_above = 1\ndaily_budget_usd = 5.0\n"
    )  # of the last folder, other
    house.drop("red.png", "red", "inbox/other")
    house.drop("blue.png", "blue", "inbox/other")
    house.run("run", "--once", code=1)
    assert house.json("jobs", "--state", "held")[0]["error"]["code"] == "pile"
    assert "`hotfolder approve other`" in house.run("status").stdout
    assert "other: the pile goes on, 2 file(s)" in house.run("approve", "other").stdout
    house.run("approve", code=2)
    house.run("run", "--once")
    status = house.run("status").stdout
    assert "of $5.00" in status
    shown = house.run("costs", "--days", "2")
    assert "google/nano-banana-2/edit" in shown.stdout
    assert "API charged" in shown.stdout
    assert "not known" not in shown.stderr
    found = house.json("costs", "--days", "2", "--by", "folder", "--offline")
    assert [(row["folder"], row["payments"]) for row in found["by_folder"]] == [("other", 2)]
    assert found["total"]["charged_usd"] is None


def test_costs_before_the_first_run_are_none(house: House) -> None:
    assert house.json("costs", "--offline")["total"]["payments"] == 0


def test_a_dry_run_tells_and_sends_nothing(house: House) -> None:
    house.drop("red.png")
    told = house.run("run", "--dry-run").stdout
    assert "1 file to send, at least $0.08" in told
    assert "Transform into oil painting style" in told
    (file,) = house.json("run", "--dry-run")["files"]
    assert (file["call"], file["request"]["model"]) == ("image", "google/nano-banana-2/edit")
    assert house.sandbox.submits() == []
    assert "--dry-run" in house.run("run", "--json", code=2).stderr
