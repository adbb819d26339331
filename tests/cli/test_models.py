"""`hotfolder models`: what it lists, from the API or from what was kept, with no key and no configuration."""

import os

from tests.cli.house import House

EDIT = "google/nano-banana-2/edit"


def test_models_are_found_by_words_with_price_and_fields(house: House) -> None:
    result = house.run("models", "nano", "edit")
    head, line = result.stdout.splitlines()
    assert head.split()[:3] == ["id", "type", "price"]
    assert line.startswith(EDIT)
    for part in ("Image", "from $0.08", "prompt*", "images*", "aspect_ratio"):
        assert part in line
    assert result.stderr == ""


def test_a_list_that_was_kept_says_how_old_it_is_and_needs_no_api(house: House) -> None:
    house.run("models", "edit")
    house.sandbox.stop()
    result = house.run("models", "nano", "edit")
    assert EDIT in result.stdout
    assert "The list is 1 min old" in result.stderr
    again = house.run("models", "edit", "--refresh")
    assert EDIT in again.stdout
    assert "could not be had" in again.stderr


def test_without_a_list_and_an_api_it_fails_and_says_why(house: House) -> None:
    house.sandbox.stop()
    result = house.run("models", code=1)
    assert result.stdout == ""
    assert "models could not be had" in result.stderr


def test_it_needs_neither_key_nor_configuration(house: House) -> None:
    os.unlink(house.config)
    del house.environ["HOTFOLDER_CONFIG"]
    found = house.run("models", "--type", "audio", ATLASCLOUD_BASE_URL=house.sandbox.url)
    assert found.stdout.splitlines()[1].startswith("minimax/music-2.")
    assert (
        house.run("models", "smell", ATLASCLOUD_BASE_URL=house.sandbox.url).stdout == "no model has these words\n"
    )
    wrong = house.run("models", ATLASCLOUD_BASE_URL="http://api.example.com", code=2)
    assert "$ATLASCLOUD_BASE_URL" in wrong.stderr
    house.run("models", "--config", "none.toml", code=2)


def test_json(house: House) -> None:
    (model,) = house.json("models", "image-upscaler")
    assert (model["id"], model["type"], model["price_usd"]) == ("atlascloud/image-upscaler", "Image", 0.01)
    assert (model["title"], model["input"]) == ("Image Upscaler", "image")
    fields = {field["name"]: field for field in model["fields"]}
    assert fields["image"]["required"]
    assert not fields["prompt"]["required"]
    assert fields["num_outputs"]["maximum"] == 8
    assert next(iter(fields)) == "image"
    inputs = {model["id"]: model["input"] for model in house.json("models")}
    assert (inputs[EDIT], inputs["google/nano-banana-2/text-to-image"]) == ("images[]", False)


def test_only_so_many_are_shown(house: House) -> None:
    assert len(house.json("models", "--limit", "2")) == 2
    assert house.run("models", "--limit", "1").stdout.splitlines()[-1] == "The first 1; --limit shows more."


def test_a_start_is_refused_for_a_rule_that_its_model_does_not_take(house: House) -> None:
    with open(house.config, encoding="utf-8") as file:
        text = file.read()
    house.write("hotfolder.toml", text.replace("nano-banana-2", "nano-banana-99", 1) + 'params = { seed = "x" }\n')
    house.drop("cat.png", folder="inbox/other")
    lines = house.run("run", "--once", code=2).stderr.splitlines()
    said = [line.removeprefix(f"{house.config}: ") for line in lines if line.startswith(house.config)]
    assert [line.partition(": ")[0] for line in said] == ["folders.oil.model", "folders.other.params.seed"]
    assert f'write "{EDIT}"' in said[0]
    assert house.sandbox.submits() == []
