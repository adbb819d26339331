"""The wizard: what is proposed, what a person's words become, and a text that reads back as it was meant."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import config
from daemon.errors import Refused
from daemon.setup import wizard
from daemon.setup.wizard import Offer, Wish

ENVIRON = {"HOME": "/home/anna"}
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def proposed(
    task: str | None = None, model: str | None = None, kind: str | None = None, prompt: str | None = None
) -> Wish:
    return wizard.wish(beside=False, task=task, model=model, kind=kind, prompt=prompt)


@pytest.mark.parametrize("task", wizard.TASKS)
def test_what_is_proposed_for_each_task_is_a_configuration(task: str) -> None:
    settings = config.parse(wizard.text_of(proposed(task=task)), "/x/hotfolder.toml", ENVIRON, need_key=False)
    (rule,) = settings.folders.values()
    assert rule.name == wizard.TASKS[task].folder
    assert rule.takes_media == wizard.TASKS[task].media
    assert rule.inbox == f"/home/anna/Atlas/inbox/{rule.name}"


@given(name=words, prompt=words, path=words, others=st.lists(words), key=words | st.none(), pile=st.integers(0))
def test_the_text_says_what_was_wished(
    name: str, prompt: str, path: str, others: list[str], key: str | None, pile: int
) -> None:
    wanted = replace(proposed(), name=name, prompt=prompt, model=path, inbox=path, key_file=key, pile=pile)
    data = tomllib.loads(wizard.text_of(replace(wanted, others=tuple(others))))
    assert data["folders"][name]["prompt"] == prompt
    assert data["folders"][name]["model"] == path
    assert data["folders"][name]["inbox"] == path
    assert data["api"].get("api_key_file") == key
    assert data["limits"].get("confirm_above", 0) == pile


def test_limits_that_are_not_wanted_stand_as_remarks() -> None:
    text = wizard.text_of(replace(proposed(), budget=0, pile=0))
    assert tomllib.loads(text)["limits"] == {}
    assert "# daily_budget_usd = 10.0" in text


def test_the_catalogue_knows_better_than_the_example() -> None:
    offer = Offer("google/nano-banana-2/edit", "image", 0.08, "pictures[]", ("seed",))
    wanted = wizard.wish(beside=True, offer=offer)
    assert wanted.input == "pictures[]"
    assert "also takes: seed." in wizard.text_of(wanted)


def test_a_model_of_ones_own_gets_no_prompt_that_was_meant_for_another() -> None:
    wanted = proposed(model="atlascloud/image-upscaler")
    assert (wanted.prompt, wanted.name, wanted.input) == ("", "images", None)
    assert "input" not in tomllib.loads(wizard.text_of(wanted))["folders"]["images"]


def test_a_folder_is_named_by_what_comes_out_where_its_prompt_is_a_persons_own() -> None:
    assert proposed(prompt="A sketch").name == "images"
    assert proposed(task="animate-pictures", prompt="Fast").name == "videos"
    assert proposed(model="vendor/text-to-video", kind="video").name == "videos-from-text"


def test_what_toml_can_not_hold_is_refused() -> None:
    with pytest.raises(Refused, match="UTF-8"):
        wizard.text_of(replace(proposed(), inbox="in\udcff"))
