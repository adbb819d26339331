"""`demo`, `init` and `sandbox`: what a newcomer runs first."""

import os
import signal

import pytest
import requests

from daemon import config
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
    assert len(results(house)) == 7
    assert all(name in said for name in results(house))
    assert house.sandbox.journal() == []
    house.run("demo")
    assert len(results(house)) == 14
    house.run("check", "--offline", "--config", "hotfolder-demo/hotfolder.toml")


def test_the_demo_can_be_played_with_and_ended(house: House) -> None:
    process = house.start("demo", "--keep-running")
    wait_for(lambda: len(results(house)) >= 7, 40, "the samples' results")
    house.drop("own.png", "blue", "hotfolder-demo/inbox/oil-painting")
    wait_for(lambda: "own.png" in results(house), 20, "the result of a dropped file")
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=15)[1]
    assert process.returncode == 0


def test_init_writes_a_configuration_that_check_likes(house: House) -> None:
    home = house.environ["HOME"]
    said = house.run("init", HOTFOLDER_CONFIG="").stdout
    path = os.path.join(home, ".config/hotfolder/hotfolder.toml")
    assert path in said
    assert os.path.isdir(os.path.join(home, "Atlas/inbox/oil-painting"))
    house.run("check", HOTFOLDER_CONFIG="", ATLASCLOUD_BASE_URL=house.sandbox.url)


def test_init_never_overwrites(house: House) -> None:
    house.write("mine/hotfolder.toml", "# mine\n")
    assert "there already" in house.run("init", "mine", code=2).stderr
    with open(house.path("mine/hotfolder.toml"), encoding="utf-8") as file:
        assert file.read() == "# mine\n"


def test_init_takes_what_it_is_told(house: House) -> None:
    prompt = 'A "quoted" \\ prompt\twith {stem}'
    house.run("init", "new", "--name", "my sketches", "--prompt", prompt, "--inbox", "in", "--outbox", "out")
    settings = config.load(house.path("new/hotfolder.toml"), house.environ, need_key=False)
    rule = settings.folders["my sketches"]
    assert (rule.prompt, rule.inbox, rule.outbox) == (prompt, house.path("in"), house.path("out"))
    assert settings.state_dir == house.path("new/state")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--kind", "video"], "image_url"),
        (["--model", "google/nano-banana-2/text-to-image"], False),
        (["--kind", "audio", "--model", "minimax/music-2.0/text-to-audio"], False),
    ],
)
def test_init_knows_what_a_model_takes(arguments: list[str], field: str | bool, house: House) -> None:
    house.run("init", "new", *arguments)
    settings = config.load(house.path("new/hotfolder.toml"), house.environ, need_key=False)
    (rule,) = settings.folders.values()
    assert rule.input == field
    house.run("check", "--config", "new/hotfolder.toml", ATLASCLOUD_BASE_URL=house.sandbox.url)


@pytest.mark.parametrize(
    "arguments",
    [["--kind", "audio"], ["--prompt", "{nonsense}"], ["--inbox", "x", "--outbox", "x/y"], ["--name", "/"]],
)
def test_init_writes_nothing_that_is_wrong(arguments: list[str], house: House) -> None:
    house.run("init", "new", *arguments, code=2)
    assert not os.path.exists(house.path("new"))


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
