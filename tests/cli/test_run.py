"""`run` as a process: signals, a second daemon, `--once`, the log."""

import json
import os
import signal

import pytest

from tests.cli.house import House
from tests.support import wait_for


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_on_a_signal_and_loses_nothing(number: signal.Signals, house: House) -> None:
    house.sandbox.set(predict_seconds=3600.0)
    house.drop("red.png")
    process = house.start("run")
    wait_for(house.sandbox.submits, 20, "the submit")
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    (job,) = house.json("jobs")
    assert job["state"] in {"processing", "held"}


def test_a_second_daemon_is_refused_and_told_of_the_first(house: House) -> None:
    with house.daemon() as first:
        assert f"process {first.pid}" in house.run("run", code=1).stderr


def test_once_finishes_what_is_there(house: House) -> None:
    house.drop("red.png")
    house.run("run", "--once")
    assert os.path.exists(house.path("outbox/oil/red.png"))
    assert os.path.exists(house.path("inbox/oil/done/red.png"))


def test_once_tells_by_its_exit_code_that_something_failed(house: House) -> None:
    house.write("inbox/oil/red.png", "a text of some length, and no picture at all")
    house.run("run", "--once", code=1)
    assert os.path.exists(house.path("inbox/oil/failed/red.png.error.txt"))


def test_a_reload_takes_new_folders_and_survives_a_fault(house: House) -> None:
    text = house.text()
    with house.daemon() as process:
        house.write("hotfolder.toml", "nonsense")
        process.send_signal(signal.SIGHUP)
        house.write("hotfolder.toml", text + text[text.index("[folders.other]") :].replace("other", "third"))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: os.path.isdir(house.path("inbox/third")), 20, "the new inbox")


def test_the_log_is_for_people_or_for_the_journal(house: House) -> None:
    house.drop("red.png")
    lines = house.run("run", "--once").stderr.splitlines()
    assert all(line[:4].isdecimal() for line in lines)
    assert any("INFO" in line for line in lines)
    log = house.path("journal")
    with open(log, "w", encoding="utf-8") as file:
        stream = f"{os.fstat(file.fileno()).st_dev}:{os.fstat(file.fileno()).st_ino}"
        process = house.start("run", "--once", stderr=file, JOURNAL_STREAM=stream)
        process.communicate(timeout=30)
    with open(log, encoding="utf-8") as file:
        assert all(line.startswith("<") for line in file)


def test_the_log_is_json_where_that_is_asked_for(house: House) -> None:
    house.write("hotfolder.toml", '[logs]\nformat = "json"\n[api]' + house.text().partition("[api]")[2])
    house.drop("red.png")
    lines = [json.loads(line) for line in house.run("run", "--once").stderr.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    of_the_job = [line for line in lines if line.get("job") == 1]
    assert "done" in of_the_job[-1]["message"]
    assert of_the_job[-1]["folder"] == "oil"
    assert house.run("run", "--once", "--log-format", "text").stderr[:4].isdecimal()


def test_the_key_is_never_logged(house: House) -> None:
    house.drop("red.png")
    said = house.run("run", "--once", "-v", ATLASCLOUD_API_KEY="apikey-secret").stderr
    assert "apikey-secret" not in said
