"""Rules are checked against the catalogue and a model's schema, with words that say what would be right."""

from typing import Any

import pytest

from daemon.atlas.catalogue import Model, Schema, model_faults, parse, parse_schema, schema_faults
from daemon.atlas.wire import Malformed

ANSWER = {
    "code": "200",
    "data": [
        {
            "model": "google/nano-banana-2/edit",
            "type": "Image",
            "display_console": True,
            "schema": "https://x/s.json",
            "price": {"actual": {"base_price": "0.08"}},
        },
        {"model": "bytedance/seedance-2.0/image-to-video", "type": "Video"},
        {"model": "old/one", "type": "Image", "display_console": False},
        {"type": "Image"},
        None,
    ],
}
SCHEMA = parse_schema(
    {
        "components": {
            "schemas": {
                "Ratio": {"type": "string", "enum": ["1:1", "16:9"]},
                "Input": {
                    "properties": {
                        "model": {"type": "string"},
                        "prompt": {"type": "string", "maxLength": 10},
                        "images": {"type": "array", "maxItems": 2},
                        "image_url": {"type": "string"},
                        "aspect_ratio": {"allOf": [{"$ref": "#/components/schemas/Ratio"}], "default": "1:1"},
                        "seed": {"type": "integer", "minimum": 0, "maximum": 99},
                        "strength": {"type": "number"},
                        "hd": {"type": "boolean"},
                        "any": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "odd": True,
                    },
                    "required": ["model", "prompt", "images", "aspect_ratio"],
                },
            }
        }
    }
)


def test_the_catalogue_leaves_out_what_is_not_displayed() -> None:
    models = parse(ANSWER)
    assert models == (
        Model("google/nano-banana-2/edit", "Image", 0.08, "https://x/s.json"),
        Model("bytedance/seedance-2.0/image-to-video", "Video", None, None),
    )
    with pytest.raises(Malformed):
        parse({"code": "200"})
    with pytest.raises(Malformed):
        parse_schema({"components": {}})


def test_models() -> None:
    models = parse(ANSWER)
    assert model_faults("google/nano-banana-2/edit", "image", models) == []
    assert "kind" in model_faults("google/nano-banana-2/edit", "video", models)[0]
    assert "google/nano-banana-2/edit" in model_faults("google/nano-bananna-2/edit", "image", models)[0]
    assert model_faults("q", "image", models) == ['the catalogue has no model "q"']


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({}, None),
        ({"aspect_ratio": "16:9", "seed": 3, "strength": 1, "hd": True, "any": 3, "odd": []}, None),
        ({"seed": 3.0}, None),
        ({"aspect_ratios": "1:1"}, "aspect_ratio"),
        ({"aspect_ratio": "4:3"}, "1:1, 16:9"),
        ({"aspect_ratio": 3}, "type string"),
        ({"seed": -1}, "at least 0"),
        ({"seed": 100}, "at most 99"),
        ({"seed": "3"}, "type integer"),
        ({"seed": True}, "type integer"),
        ({"strength": "x"}, "type number"),
        ({"hd": 1}, "type boolean"),
        ({"prompt": "far too long"}, "10 characters"),
    ],
)
def test_params(params: dict[str, Any], fault: str | None) -> None:
    faults = schema_faults(SCHEMA, input_field="images[]", params=params)
    assert len(faults) == (fault is not None)
    assert fault is None or fault in faults[0]


def test_input_fields() -> None:
    assert "images" in schema_faults(SCHEMA, input_field="image[]", params={})[0]
    assert 'write "images[]"' in schema_faults(SCHEMA, input_field="images", params={})[0]
    faults = schema_faults(SCHEMA, input_field="image_url[]", params={})
    assert 'write "image_url"' in faults[0]
    assert "images" in faults[1]  # which the model needs
    assert any(
        "prompt" in fault for fault in schema_faults(SCHEMA, input_field="images[]", params={}, prompt=False)
    )
    assert schema_faults(Schema({}), input_field=False, params={}) == []
