"""Rules are held against the catalogue and a model's schema, with words that say what would be right."""

from typing import Any, Literal

import pytest

from daemon.atlas.catalogue import Model, Schema, parse_schema
from daemon.atlas.fits import Misfit, model_misfit, schema_misfits
from daemon.atlas.inputs import input_for

MODELS = (
    Model("google/nano-banana-2/edit", "Image", 0.08, None),
    Model("vendor/chat", "Text", None, None),
    Model("vendor/new", "Hologram", None, None),
)
SCHEMA = parse_schema(
    {
        "components": {
            "schemas": {
                "Ratio": {"type": "string", "enum": ["1:1", "16:9"]},
                "Input": {
                    "properties": {
                        "model": {"type": "string"},
                        "prompt": {"type": "string", "maxLength": 10},
                        "images": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                        "image_url": {"type": "string"},
                        "aspect_ratio": {"allOf": [{"$ref": "#/components/schemas/Ratio"}], "default": "1:1"},
                        "seed": {"type": "integer", "minimum": 0, "maximum": 99},
                        "strength": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
                        "hd": {"type": "boolean"},
                        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                        "styles": {"type": "array", "items": {"enum": ["oil", "ink"]}, "minItems": 1},
                        "maybe": {"type": ["string", "null"]},
                        "odd": True,
                    },
                    "required": ["model", "prompt", "images", "aspect_ratio"],
                },
            }
        }
    }
)


def misfits(
    schema: Schema = SCHEMA,
    input_field: str | Literal[False] = "images[]",
    prompt: str = "",
    **params: Any,
) -> list[Misfit]:
    return schema_misfits(schema, model="a/b", input_field=input_field, params=params, prompt=prompt)


def misfit(model: str, kind: str) -> Misfit | None:
    return model_misfit(model, kind, next((each for each in MODELS if each.id == model), None), MODELS)


def schema_of(*required: str, **fields: str) -> Schema:
    """Make a schema of fields by name and type."""
    return Schema({name: {"type": kind} for name, kind in fields.items()}, required)


def test_models() -> None:
    assert misfit("google/nano-banana-2/edit", "image") is None
    assert misfit("vendor/new", "video") is None  # what is not known here is not judged

    wrong_kind = misfit("google/nano-banana-2/edit", "video")
    assert wrong_kind is not None
    assert (wrong_kind.place, wrong_kind.right[:13]) == (("kind",), 'write "image"')

    misspelt = misfit("google/nano-bananna-2/edit", "image")
    assert misspelt is not None
    assert (misspelt.place, misspelt.right) == (("model",), 'write "google/nano-banana-2/edit"')

    gone = misfit("q", "image")
    assert gone is not None
    assert "hotfolder models" in gone.right

    text = misfit("vendor/chat", "image")
    assert text is not None
    assert text.place == ("model",)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"aspect_ratio": "16:9", "seed": 3, "strength": 1, "hd": True, "size": 3, "odd": [], "maybe": "x"},
        {"seed": 3.0, "strength": 0.5, "styles": ["oil", "ink"]},
        {"webhook_url": "https://x", "enable_base64_output": True},
    ],
)
def test_params_that_fit(params: dict[str, Any]) -> None:
    assert misfits(**params) == []


@pytest.mark.parametrize(
    ("name", "value", "wrong", "right"),
    [
        ("aspect_ratios", "1:1", 'is no field of "a/b"', 'write "aspect_ratio"'),
        ("zzz", 1, 'is no field of "a/b"', "take it out; it has images"),
        ("aspect_ratio", "4:3", 'is the text "4:3"', 'write one of "1:1", "16:9"'),
        ("aspect_ratio", 3, "is the number 3", 'write one of "1:1", "16:9"'),
        ("seed", -1, "is -1", "write 0 or more"),
        ("seed", 100, "is 100", "write 99 or less"),
        ("seed", "3", 'is the text "3"', "write a whole number"),
        ("seed", True, "is true", "write a whole number"),
        ("seed", 2.5, "is the number 2.5", "write a whole number"),
        ("strength", 0, "is 0", "write more than 0"),
        ("strength", 2.0, "is 2.0", "write less than 2"),
        ("strength", "x", 'is the text "x"', "write a number"),
        ("hd", 1, "is the number 1", "write true or false"),
        ("size", "L", 'is the text "L"', "write a whole number"),
        ("maybe", 1, "is the number 1", "write text"),
        ("styles", "oil", 'is the text "oil"', "write a list"),
        ("styles", [], "has 0 entries", "write at least 1"),
        ("styles", ["oil", "pop"], 'entry 2 is the text "pop"', 'write one of "oil", "ink"'),
    ],
)
def test_params_that_do_not_fit(name: str, value: Any, wrong: str, right: str) -> None:
    (misfit,) = misfits(**{name: value})
    assert misfit.place == ("params", name)
    assert misfit.wrong == wrong
    assert misfit.right.startswith(right)


def test_a_field_that_the_model_needs_is_missed() -> None:
    schema = schema_of("image", "scale", image="string", scale="integer", prompt="string")
    assert misfits(schema, "image", scale=2) == []
    (misfit,) = misfits(schema, "image")
    assert misfit.place == ("params", "scale")
    assert "whole number" in misfit.right


def test_a_model_that_takes_more_than_it_lists_is_not_held_to_its_list() -> None:
    assert misfits(Schema({}, open=True), "image_url", prompt="oil", anything=1) == []


def test_prompts() -> None:
    (long,) = misfits(prompt="far too long")
    assert (long.place, long.right) == (("prompt",), "write at most 10")
    assert misfits(prompt="{stem} in the oil") == []  # how long it is shows when it is filled in
    (none,) = misfits(schema_of(image="string"), "image", prompt="oil")
    assert (none.place, none.right) == (("prompt",), "take it out")


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("image[]", 'write "images[]"'),
        ("images", 'write "images[]"'),
        ("image_url[]", 'write "image_url"'),
        ("picture", 'write "images[]"'),
        (False, 'write "images[]"'),
    ],
)
def test_an_input_that_the_model_does_not_have(given: str | Literal[False], right: str) -> None:
    (misfit, *more) = misfits(input_field=given)
    assert (misfit.place, misfit.right) == (("input",), right)
    assert not more  # that the model needs images follows from it


def test_an_input_for_a_model_that_takes_none() -> None:
    (misfit,) = misfits(schema_of("prompt", prompt="string"), "image_url")
    assert misfit.right.startswith("write false")
    (no_prompt,) = misfits(schema_of(video="string"), False)
    assert no_prompt.right == 'write "video"'


@pytest.mark.parametrize(
    ("model", "schema", "field"),
    [
        ("a/edit", schema_of("images", images="array", prompt="string"), "images[]"),
        ("a/edit", schema_of(reference_images="array", mask_image="string"), "reference_images[]"),
        ("a/upscaler", schema_of("image", image="string", output_format="string"), "image"),
        ("a/image-to-video", schema_of("image", image="string", last_image="string", audio="string"), "image"),
        ("a/image-to-video", schema_of(video="string", image="string", end_image="string"), "image"),
        ("a/video-to-video", schema_of("video", "image", video="string", image="string"), "video"),
        ("a/lipsync", schema_of("audio_url", audio_url="string", image_url="string"), "audio_url"),
        ("a/any", schema_of(images="array", image_url="string"), "image_url"),
        ("a/edit", schema_of(image_format="string", image_size="string", num_images="integer"), False),
        ("a/text-to-image", schema_of("prompt", prompt="string", image="string"), False),
        ("a/text-to-speech", schema_of("text", text="string"), False),
        ("a/text-to-video", schema_of("image", image="string"), "image"),
    ],
)
def test_the_input_is_found_from_the_schema(model: str, schema: Schema, field: str | Literal[False]) -> None:
    assert input_for(schema, model=model) == field


def test_a_field_that_the_rule_sets_itself_is_not_its_input() -> None:
    schema = schema_of("image", "video", image="string", video="string")
    assert input_for(schema, model="a/b", taken={"image"}) == "video"


LOOSE = parse_schema(
    {
        "components": {
            "schemas": {
                "Extent": {"type": "object", "properties": {"width": {"type": "integer"}}},
                "Ratio": {"type": "string", "enum": ["1:1", "16:9"]},
                "Input": {
                    "properties": {
                        "image": {"anyOf": [{"type": "array"}, {"$ref": "#/components/schemas/Elsewhere"}]},
                        "extent": {"anyOf": [{"$ref": "#/components/schemas/Extent"}, {"enum": ["square"]}]},
                        "ratio": {"oneOf": [{"$ref": "#/components/schemas/Ratio"}, {"type": "null"}]},
                        "count": {"oneOf": [{"const": "auto"}, {"type": "integer"}]},
                        "seconds": {"type": "integer", "enum": ["5", "10"]},
                        "styles": {"type": "array", "enum": ["oil", "ink"], "items": {"type": "string"}},
                        "some": {"type": "integer", "enum": [1, 2, None], "nullable": True},
                    }
                },
            }
        }
    }
)


@pytest.mark.parametrize(
    "params",
    [
        {"extent": {"width": 512}},
        {"extent": "square"},
        {"ratio": "1:1"},
        {"count": "auto"},
        {"count": 3},
        {"seconds": 5},
        {"styles": ["oil"]},
        {"some": 2},
    ],
)
def test_what_a_schema_says_loosely_or_against_itself_proves_nothing(params: dict[str, Any]) -> None:
    assert misfits(LOOSE, "image", **params) == []


def test_references_within_alternatives_are_followed() -> None:
    assert misfits(LOOSE, "image", ratio="2:1", extent="round", some=3) == [
        Misfit(("params", "ratio"), 'is the text "2:1"', 'write one of "1:1", "16:9"'),
        Misfit(("params", "extent"), 'is the text "round"', "write a table, like { name = … }"),
        Misfit(("params", "some"), "is the number 3", "write one of 1, 2"),
    ]
