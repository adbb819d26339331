"""The running daemon and its rules' models: found inputs, refused starts and reloads, what is learnt later."""

import pytest

from daemon.errors import ConfigError
from daemon.states import State
from tests.daemon.house import House
from tests.daemon.samples import picture

TEXTS = "google/nano-banana-2/text-to-image"
EDIT = "google/nano-banana-2/edit"


def input_of(house: House) -> str | bool:
    return house.daemon.settings.folders["pictures"].input


def test_a_rule_without_an_input_sends_what_its_model_takes(house: House) -> None:
    house.start({"pictures": {"model": EDIT, "prompt": "oil"}, "texts": {"model": TEXTS}})
    house.until(house.drop("cat.png", picture()))
    house.until(house.drop("sea.txt", b"the sea", "texts"))
    sent = {entry.body["model"]: entry.body for entry in house.submits() if entry.body}
    assert isinstance(sent[EDIT]["images"], list)
    assert sent[TEXTS]["prompt"] == "the sea"


def test_a_start_with_a_rule_that_is_wrong_leaves_the_files_and_the_directory_free(house: House) -> None:
    with pytest.raises(ConfigError, match="write"):
        house.start(model="google/nano-banana-2/edti")
    house.service = None
    house.drop("cat.png", picture())
    house.start()
    house.until(house.inbox("pictures", "cat.png"))


def test_a_reload_to_a_rule_that_is_wrong_leaves_the_present_one_in_force(house: House) -> None:
    house.start()
    (said,) = house.reload(model=EDIT, params={"aspect_ratio": "7:1"})
    assert said.startswith('folders.pictures.params.aspect_ratio: is the text "7:1"; write one of')
    assert house.daemon.settings.folders["pictures"].model == "sandbox/echo"
    house.until(house.drop("cat.png", picture()))
    assert house.reload(model=EDIT, params={"aspect_ratio": "1:1"}) == []
    assert input_of(house) == "images[]"


def test_rules_follow_a_catalogue_that_comes_later(house: House) -> None:
    house.sandbox.fault("models", "status", code=503)
    house.start(model=TEXTS)
    assert input_of(house) == "image_url"
    text = house.drop("sea.txt", b"the sea")
    house.let_pass(3600)
    house.daemon._keep_catalogue()
    assert input_of(house) is False
    house.until(text, State.DONE)
