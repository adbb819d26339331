"""What commands do with a configuration that can't be used, with a missing key, and what `check` finds."""

import os

import pytest

from tests.cli.house import House
from tests.docs.pages import ROOT


@pytest.mark.parametrize(
    "command", [["run"], ["check"], ["check", "--offline"], ["status"], ["jobs"], ["show", "1"]]
)
def test_every_fault_is_told_at_once(command: list[str], house: House) -> None:
    house.write("hotfolder.toml", 'stat_dir = "x"\n[folders.a]\ninbox = "in"\noutbox = "in/out"\nkind = "smell"\n')
    lines = house.run(*command, code=2).stderr.splitlines()
    assert all(line.startswith(f"{house.config}: ") for line in lines)
    for key in ("stat_dir", "folders.a.kind", "folders.a.model", "folders.a.outbox"):
        assert any(f": {key}" in line for line in lines), key


def test_a_missing_configuration_is_told(house: House) -> None:
    assert "hotfolder init" in house.run("run", "--config", "none.toml", code=2).stderr


@pytest.mark.parametrize("command", [["run"], ["run", "--once"], ["check"]])
def test_a_missing_key_stops_at_once_with_what_to_set(command: list[str], house: House) -> None:
    result = house.run(*command, code=2, ATLASCLOUD_BASE_URL="https://api.example.invalid")
    assert "ATLASCLOUD_API_KEY" in result.stdout + result.stderr


def test_a_key_is_needed_neither_offline_nor_for_looking(house: House) -> None:
    for command in (["check", "--offline"], ["status"]):
        house.run(*command, ATLASCLOUD_BASE_URL="https://api.example.invalid")


def test_check_tells_what_it_looked_at(house: House) -> None:
    said = house.run("check").stdout
    assert "the balance is" in said
    assert said.splitlines()[-1] == f"{house.config}: 0 faults, 0 warnings"


def test_check_ends_with_2_for_a_fault(house: House) -> None:
    with open(house.config, encoding="utf-8") as file:
        text = file.read()
    house.write("hotfolder.toml", text.replace("nano-banana-2", "nano-banana-99", 1))
    lines = [line for line in house.run("check", code=2).stdout.splitlines() if line.startswith("fault")]
    assert len(lines) == 1
    assert "folders.oil.model" in lines[0]


def test_a_wrong_key_is_a_fault_and_is_never_shown(house: House) -> None:
    house.sandbox.set(keys=["apikey-right"])
    result = house.run("check", code=2, ATLASCLOUD_API_KEY="apikey-wrong")
    assert "fault" in result.stdout
    assert "apikey-wrong" not in result.stdout + result.stderr


def test_the_shipped_example_is_fine(house: House) -> None:
    house.run("check", "--offline", "--config", os.path.join(ROOT, "config", "hotfolder.toml"))
