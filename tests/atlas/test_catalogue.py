"""The catalogue and schemas as the API writes them are read; whatever else comes is refused in one way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.atlas.catalogue import Model, Schema, parse, parse_schema
from daemon.atlas.fits import schema_misfits
from daemon.atlas.inputs import input_for
from daemon.atlas.wire import Malformed

ANSWER = {
    "code": "200",
    "data": [
        {
            "model": "google/nano-banana-2/edit",
            "type": "Image",
            "displayName": "Nano Banana 2",
            "display_console": True,
            "categories": ["IMAGE_TO_IMAGE"],
            "tags": ["Edit"],
            "schema": "https://x/s.json",
            "price": {"actual": {"base_price": "0.08", "unit": "image"}},
        },
        {"model": "bytedance/seedance-2.0/image-to-video", "type": "Video"},
        {"model": "old/one", "type": "Image", "display_console": False},
        {"type": "Image"},
        None,
    ],
}


def test_the_catalogue_knows_what_is_not_displayed_too() -> None:
    assert parse(ANSWER) == (
        Model(
            "google/nano-banana-2/edit",
            "Image",
            0.08,
            "https://x/s.json",
            title="Nano Banana 2",
            labels=("image-to-image", "edit"),
            unit="image",
        ),
        Model("bytedance/seedance-2.0/image-to-video", "Video", None, None),
        Model("old/one", "Image", None, None, listed=False),
    )
    with pytest.raises(Malformed):
        parse({"code": "200"})


def test_a_model_says_its_kind_and_task() -> None:
    assert [(model.kind, model.task) for model in parse(ANSWER)] == [
        ("image", "edit"),
        ("video", "image-to-video"),
        ("image", "one"),
    ]
    assert Model("vendor/shape", "3D", None, None).kind == "image"


@pytest.mark.parametrize(
    ("price", "usd"),
    [
        ({"actual": {"base_price": "0.08"}}, 0.08),
        ({"actual": {"base_price": 0}}, 0.0),
        ({"actual": {"base_price": "free"}}, None),
        ({"actual": {"base_price": "inf"}}, None),
        ({"actual": {"base_price": -1}}, None),
        ({"actual": {"base_price": True}}, None),
        ({"actual": None}, None),
        ("0.08", None),
        (None, None),
    ],
)
def test_prices(price: Any, usd: float | None) -> None:
    (model,) = parse([{"model": "x", "price": price}])
    assert model.price == usd


def test_a_schema_is_read_in_its_own_order_with_its_references() -> None:
    ratio = {"type": "string", "enum": ["1:1", "16:9"]}
    declared = {
        "properties": {
            "aspect_ratio": {"allOf": [{"$ref": "#/components/schemas/Ratio"}], "default": "1:1"},
            "images": {"type": "array", "items": {"$ref": "#/components/schemas/Url"}},
            "prompt": {"type": "string"},
            "odd": True,
        },
        "required": ["model", "prompt", 3],
        "x-order-properties": ["prompt", "images", "gone"],
    }
    schema = parse_schema(
        {"components": {"schemas": {"Ratio": ratio, "Url": {"type": "string"}, "Input": declared}}}
    )
    assert list(schema.properties) == ["prompt", "images", "aspect_ratio", "odd"]
    assert schema.properties["aspect_ratio"]["enum"] == ["1:1", "16:9"]
    assert schema.properties["images"]["items"]["type"] == "string"
    assert schema.required == ("prompt",)
    assert not schema.open


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    loop = {"$ref": "#/components/schemas/Loop"}
    schema = parse_schema({"components": {"schemas": {"Loop": loop, "Input": {"properties": {"a": loop}}}}})
    assert "a" in schema.properties


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
#: JSON that is nearly an entry of the catalogue, or a field of a schema.
_NAMES = ["model", "type", "schema", "price", "actual", "base_price", "tags", "categories", "display_console"]
ENTRIES = st.dictionaries(st.sampled_from(_NAMES), JSON | st.text(max_size=4), max_size=6)
_WORDS = ["type", "enum", "minimum", "maxLength", "maxItems", "items", "anyOf", "allOf", "$ref", "default"]
_VALUES = st.sampled_from(["string", "array", "integer", "object", "#/components/schemas/Input"]) | JSON
FIELDS = st.dictionaries(st.sampled_from(_WORDS), _VALUES, max_size=4) | JSON
NAMES = st.sampled_from(["image", "images", "prompt", "video_url", "seed", "mask"])


@given(JSON | st.lists(ENTRIES | JSON) | st.fixed_dictionaries({"data": st.lists(ENTRIES)}))
def test_whatever_comes_is_a_catalogue_or_malformed(answer: Any) -> None:
    try:
        models = parse(answer)
    except Malformed:
        return
    assert all(model.id.encode() is not None and (model.price is None or model.price >= 0) for model in models)
    json.dumps([model.labels for model in models])


@given(
    st.fixed_dictionaries(
        {"properties": st.dictionaries(NAMES, FIELDS, max_size=4)},
        optional={"required": st.lists(NAMES) | JSON, "x-order-properties": st.lists(NAMES) | JSON},
    )
    | JSON,
    st.dictionaries(NAMES, JSON, max_size=3),
)
def test_whatever_comes_as_a_schema_can_be_held_against_a_rule(declared: Any, params: dict[str, Any]) -> None:
    try:
        schema = parse_schema({"components": {"schemas": {"Input": declared}}})
    except Malformed:
        return
    assert isinstance(schema, Schema)
    for field in (input_for(schema, model="a/b", taken=params), "image_url", "images[]", False):
        for misfit in schema_misfits(schema, model="a/b", input_field=field, params=params, prompt="oil"):
            assert misfit.place
            assert misfit.wrong
            assert misfit.right


@given(JSON)
def test_whatever_comes_as_a_document_is_a_schema_or_malformed(document: Any) -> None:
    try:
        parse_schema(document)
    except Malformed:
        return


def test_forms_that_name_each_other_come_to_an_end() -> None:
    any_of = {"anyOf": [{"$ref": "#/components/schemas/Any"}, {"type": "string"}] * 300}
    document = {"components": {"schemas": {"Any": any_of, "Input": {"properties": {"what": any_of}}}}}
    assert schema_misfits(parse_schema(document), model="a/b", input_field="what", params={"what": [1]}) == []
