"""`init`: from options alone, and asked by a person at a real terminal."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator

import pytest

from daemon import config
from daemon.cli import setup
from daemon.cli.answers import Answers, Plan
from daemon.config import Settings
from daemon.errors import Refused
from daemon.sandbox.server import Sandbox
from daemon.setup import wizard
from daemon.setup.offers import Offers
from tests.cli.house import House
from tests.cli.terminal import INTERRUPT, Terminal, terminal

KEY = "apikey-of-a-newcomer"
PLAN = Plan("/somewhere", beside=True, sandbox=False)


def init(house: House, *arguments: str, code: int = 0, **environ: str) -> str:
    """Run `init` with the house's sandbox for its API; give what it said."""
    environ |= {"HOTFOLDER_CONFIG": "", "ATLASCLOUD_BASE_URL": house.sandbox.url}
    done = house.run("init", *arguments, code=code, **environ)
    return done.stdout + done.stderr


@contextlib.contextmanager
def asked(house: House, *arguments: str, **environ: str) -> Iterator[Terminal]:
    """Have `init` ask at a terminal."""
    environ = {**house.environ, "ATLASCLOUD_BASE_URL": house.sandbox.url, "TERM": "xterm", **environ}
    with terminal([sys.executable, "-m", "daemon", "init", *arguments], house.directory, environ) as person:
        yield person


def settings(house: House, directory: str = "new") -> Settings:
    return config.load(house.path(directory, "hotfolder.toml"), house.environ, need_key=False)


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_without_a_terminal_it_takes_what_is_proposed_and_check_likes_it(house: House) -> None:
    home = house.environ["HOME"]
    said = init(house)
    path = os.path.join(home, ".config/hotfolder/hotfolder.toml")
    assert f"Written: {path}" in said
    assert os.path.isdir(os.path.join(home, "Atlas/inbox/oil-painting"))
    found = config.load(path, house.environ, need_key=False)
    assert (found.limits.daily_budget_usd, found.limits.confirm_above) == (10.0, 50)
    assert found.folders["oil-painting"].input == "images[]"
    house.run("check", HOTFOLDER_CONFIG="", ATLASCLOUD_BASE_URL=house.sandbox.url)


def test_it_never_overwrites(house: House) -> None:
    house.write("mine/hotfolder.toml", "# mine\n")
    said = init(house, "mine", code=2)
    assert "there already" in said
    assert "hotfolder init DIR" in said
    with open(house.path("mine/hotfolder.toml"), encoding="utf-8") as file:
        assert file.read() == "# mine\n"


def test_every_question_has_an_option(house: House) -> None:
    prompt = 'A "quoted" \\ prompt\twith {stem}'
    key = house.write("key", KEY + "\n")
    os.chmod(key, 0o600)
    options = ["--task", "edit-pictures", "--model", "bytedance/seedream-v4.5/edit", "--folder", "my sketches"]
    options += ["--prompt", prompt, "--inbox", "in", "--outbox", "out", "--key-file", "key", "--no-service"]
    with asked(house, "new", *options, "--budget", "2.5", "--confirm-above", "0") as person:
        assert person.end() == 0, person.shown
    rule = settings(house).folders["my sketches"]
    assert (rule.prompt, rule.inbox, rule.outbox) == (prompt, house.path("in"), house.path("out"))
    assert (rule.model, rule.input) == ("bytedance/seedream-v4.5/edit", "reference_images[]")
    assert settings(house).api.api_key_file == key
    assert settings(house).state_dir == house.path("new/state")
    assert (settings(house).limits.daily_budget_usd, settings(house).limits.confirm_above) == (2.5, None)


@pytest.fixture(scope="module")
def offers() -> Iterator[Offers]:
    """Give what the sandbox's catalogue offers, fetched once."""
    with Sandbox() as sandbox, contextlib.closing(Offers(sandbox.url)) as fetched:
        yield fetched


@pytest.mark.parametrize(
    ("given", "field", "kind"),
    [
        (Answers(task="animate-pictures"), "image_url", "video"),
        (Answers(task="pictures-from-text"), False, "image"),
        (Answers(model="atlascloud/image-upscaler"), "image", "image"),
        (Answers(model="alibaba/wan-2.6/video-to-video"), "video", "video"),
        (Answers(kind="audio", model="minimax/music-2.0/text-to-audio"), False, "audio"),
    ],
)
def test_it_knows_from_the_catalogue_what_a_model_takes(
    given: Answers, field: str | bool, kind: str, offers: Offers
) -> None:
    wanted = setup.wish_of(given, PLAN, offers)
    assert (wanted.input, wanted.kind) == (field, kind)
    config.parse(wizard.text_of(wanted), PLAN.path, {}, need_key=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Answers(kind="audio"), "--model"),
        (Answers(task="dance"), "edit-pictures"),
        (Answers(task="edit-pictures", kind="video"), "--kind"),
        (Answers(model="google/nano-banana-2/edits"), "google/nano-banana-2/edit"),
        (Answers(kind="video", model="google/nano-banana-2/edit"), "is for image"),
        (Answers(task="pictures-from-text", prompt="x"), "the files are its prompts"),
    ],
)
def test_what_can_not_be_is_refused_with_what_could(given: Answers, said: str, offers: Offers) -> None:
    with pytest.raises(Refused, match=said):
        setup.wish_of(given, PLAN, offers)


def test_without_the_api_the_example_is_taken_and_nothing_is_asked_of_the_network(house: House) -> None:
    house.sandbox.close()
    said = init(house, "new")
    assert "folders.oil-painting" in said
    assert settings(house).folders["oil-painting"].model == "google/nano-banana-2/edit"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "audio"], "--model"),
        (["--prompt", "{nonsense}"], "{nonsense}"),
        (["--credential"], "--key-file"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(arguments: list[str], said: str, house: House) -> None:
    before = sorted(os.listdir(house.directory))
    assert said in init(house, "new", *arguments, code=2)
    assert sorted(os.listdir(house.directory)) == before


@pytest.mark.skipif(os.getuid() != 0, reason="who runs this is not root")
def test_root_is_sent_to_the_service_of_the_machine(house: House) -> None:
    assert "whole machine" in init(house, "new", "--service", code=2)
    assert not os.path.exists(house.path("new"))


def test_a_newcomer_is_led_to_a_checked_rule(house: House) -> None:
    house.sandbox.set(keys=[KEY])
    with asked(house, "mine") as person:
        person.answer("Key: ", "apikey-mistyped")
        person.wait_for("does not accept this key")
        person.answer("Key: ", KEY)
        person.wait_for("The key is accepted")
        person.answer("Your choice [1]:", "9")
        person.answer("Your choice [1]:", "2")
        person.wait_for("bytedance/seedance-2.0/image-to-video  from $0.24")
        person.answer("Your choice [1]:", "seedance-9")
        person.answer("Your choice [1]:")
        person.answer("(the prompt)", "A slow zoom on {nobody}")
        person.answer("(the prompt)", "A slow zoom")
        person.answer("name [videos]:", "/")
        person.answer("name [videos]:")
        person.answer("USD a day", "much")
        person.answer("USD a day", "5")
        person.answer("at once")
        assert person.end() == 0, person.shown
    assert KEY not in person.shown
    rule = settings(house, "mine").folders["videos"]
    assert (rule.model, rule.prompt) == ("bytedance/seedance-2.0/image-to-video", "A slow zoom")
    limits = settings(house, "mine").limits
    assert (limits.daily_budget_usd, limits.confirm_above) == (5.0, 50)
    key = house.path("mine/api-key")
    assert mode(key) == 0o600
    with open(key, encoding="utf-8") as file:
        assert file.read().strip() == KEY
    with open(house.path("mine/hotfolder.toml"), encoding="utf-8") as file:
        assert KEY not in file.read()
    house.run("check", "--config", "mine/hotfolder.toml", ATLASCLOUD_BASE_URL=house.sandbox.url)


def test_without_the_api_it_asks_for_a_model_and_takes_the_key_that_is_set(house: House) -> None:
    house.sandbox.close()
    with asked(house, "mine", ATLASCLOUD_API_KEY=KEY) as person:
        person.answer("Keep the key of $ATLASCLOUD_API_KEY in a file that only you can read? [Y/n]:")
        person.answer("Your choice [1]:", "3")
        person.wait_for("can't be had")
        person.answer("The model's id [google/nano-banana-2/text-to-image]:")
        person.answer("name [pictures-from-text]:")
        person.answer("USD a day", "0")
        person.answer("at once", "0")
        assert person.end() == 0, person.shown
    assert settings(house, "mine").folders["pictures-from-text"].input is False
    assert mode(house.path("mine/api-key")) == 0o600


def test_an_interrupt_leaves_nothing_behind(house: House) -> None:
    before = sorted(os.listdir(house.directory))
    with asked(house, "mine", "--no-key", "--task", "edit-pictures") as person:
        person.answer("Your choice [1]:")
        person.wait_for("(the prompt)")
        person.type(INTERRUPT)
        assert person.end() == 130, person.shown
    assert sorted(os.listdir(house.directory)) == before
