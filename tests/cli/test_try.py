"""`try`: one file through a rule, through a running daemon and without one; the file stays."""

import contextlib
import os

import pytest

from tests.cli.house import House


@pytest.fixture(params=["daemon", "alone"])
def running(request: pytest.FixtureRequest, house: House) -> contextlib.AbstractContextManager[object]:
    return house.daemon() if request.param == "daemon" else contextlib.nullcontext()


def test_the_result_is_named_and_the_file_stays(
    running: contextlib.AbstractContextManager[object], house: House
) -> None:
    path = house.drop("cat.png", folder="elsewhere")
    with running:
        result = house.run("try", path, "--folder", "oil").stdout.strip()
    assert result == house.path("outbox/oil/cat.png")
    assert os.path.exists(result)
    assert os.path.exists(path)


def test_a_failure_is_told(running: contextlib.AbstractContextManager[object], house: House) -> None:
    path = house.drop("cat.png", folder="elsewhere")
    house.sandbox.fault("submit", "status", code=403, count=None)
    with running:
        said = house.run("try", path, "--folder", "oil", code=1).stderr
    assert "failed" in said
    assert os.path.exists(path)


@pytest.mark.parametrize("place", ["done", "failed"])
def test_what_was_put_away_can_be_tried_again(
    running: contextlib.AbstractContextManager[object], house: House, place: str
) -> None:
    path = house.drop("cat.png", folder=f"inbox/oil/{place}/holidays")
    with running:
        result = house.run("try", path, "--folder", "oil").stdout.strip()
    assert result == house.path("outbox/oil/holidays/cat.png")
    assert os.path.exists(result)
    assert os.path.exists(path)


def test_what_the_daemon_takes_by_itself_is_refused(house: House) -> None:
    for folder in ("inbox/oil", "inbox/oil/holidays/done"):
        path = house.drop("cat.png", folder=folder)
        assert "lies in the inbox already" in house.run("try", path, "--folder", "oil", code=2).stderr
    assert house.sandbox.count("upload") == 0


def test_what_no_rule_takes_is_never_sent(house: House) -> None:
    text = house.write("elsewhere/cat.png", "a text of some length, and no picture at all")
    house.run("try", text, "--folder", "oil", code=2)
    house.run("try", "/etc/passwd", "--folder", "oil", code=2)
    house.run("try", house.path("missing.png"), "--folder", "oil", code=2)
    house.run("try", house.drop("cat.png", folder="elsewhere"), "--folder", "nonsense", code=2)
    assert house.sandbox.count("upload") == 0


def test_other_jobs_are_left_alone(house: House) -> None:
    house.run("run", "--once")
    house.drop("waiting.png")
    house.run("try", house.drop("cat.png", "blue", "elsewhere"), "--folder", "oil")
    assert [job["source"] for job in house.json("jobs")] == [house.path("elsewhere/cat.png")]


def test_it_needs_a_key_only_without_a_daemon(house: House) -> None:
    path = house.drop("cat.png", folder="elsewhere")
    far = "https://api.example.invalid"
    said = house.run("try", path, "--folder", "oil", code=2, ATLASCLOUD_BASE_URL=far).stderr
    assert "ATLASCLOUD_API_KEY" in said
