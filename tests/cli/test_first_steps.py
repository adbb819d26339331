"""`demo` and `sandbox`: what a newcomer runs first."""

import os
import signal

import requests

from tests.cli.house import House
from tests.support import wait_for


def results(house: House) -> list[str]:
    return [
        name
        for _, _, names in os.walk(house.path("hotfolder-demo/outbox"))
        for name in names
        if not name.endswith(".json")
    ]


def test_the_demo_brings_every_sample_to_the_outbox_and_never_asks_the_real_api(house: House) -> None:
    real = house.sandbox.url
    said = house.run("demo", ATLASCLOUD_BASE_URL=real, ATLASCLOUD_API_KEY="apikey-real").stdout
    assert "/enter?ticket=" in said
    assert len(results(house)) == 7
    assert all(name in said for name in results(house))
    assert house.sandbox.journal() == []
    house.run("demo")
    assert len(results(house)) == 14
    house.run("check", "--offline", "--config", "hotfolder-demo/hotfolder.toml")


def test_the_demo_can_be_played_with_and_ended(house: House) -> None:
    process = house.start("demo", "--keep-running", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    assert any("Ctrl-C ends this" in line for line in process.stdout)
    assert len(results(house)) == 7
    address = house.run("page", "--print", "--config", "hotfolder-demo/hotfolder.toml").stdout.strip()
    page = requests.Session()
    assert "pictures-from-text" in page.get(address, timeout=20).text
    assert page.get(address, timeout=20).status_code == 401  # it worked once
    house.drop("own.png", "blue", "hotfolder-demo/inbox/oil-painting")
    wait_for(lambda: "own.png" in results(house), 20, "the result of a dropped file")
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=40)[1]
    assert process.returncode == 0


def test_the_sandbox_says_how_to_use_it_and_keeps_keys_to_itself(house: House) -> None:
    process = house.start("sandbox", "--port", "0", "--predict-seconds", "0", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(4)]
    url = next(line.partition("=")[2] for line in lines if line.startswith("export ATLASCLOUD_BASE_URL="))
    house.drop("red.png")
    house.run("run", "--once", ATLASCLOUD_BASE_URL=url, ATLASCLOUD_API_KEY="apikey-secret")
    journal = requests.get(url + "/sandbox/journal", timeout=10)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert {"upload", "submit"} <= {entry["call"] for entry in journal.json()}
    assert "apikey-secret" not in journal.text


def test_a_port_that_is_taken_is_told(house: House) -> None:
    assert "--port" in house.run("sandbox", "--port", str(house.sandbox.port), code=1).stderr
