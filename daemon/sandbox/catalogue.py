"""The sandbox's models: ids in the vendor's manner, prices, and the schema document of each. Pure.

The real catalogue has hundreds of models; these show each kind of input that occurs among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

ModelKind = Literal["image", "video", "audio"]

ECHO = "sandbox/echo"

_PROMPT: dict[str, Any] = {"type": "string", "maxLength": 5000, "description": "What to make."}
_URL: dict[str, Any] = {"type": "string", "format": "uri"}
_RATIO: dict[str, Any] = {
    "type": "string",
    "enum": ["1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16", "21:9"],
}
_IMAGE: dict[str, Any] = {
    "aspect_ratio": _RATIO,
    "output_format": {"type": "string", "enum": ["png", "jpeg"], "default": "png"},
    "num_outputs": {"type": "integer", "minimum": 1, "maximum": 8, "default": 1},
    "n": {"type": "integer", "minimum": 1, "maximum": 8},
    "seed": {"type": "integer"},
    "enable_base64_output": {"type": "boolean", "default": False},
}
_VIDEO: dict[str, Any] = {
    "duration": {"type": "integer", "minimum": 1, "maximum": 10, "default": 2},
    "aspect_ratio": _RATIO,
    "seed": {"type": "integer"},
}


@dataclass(frozen=True, slots=True)
class SandboxModel:
    """One model: `price` in USD per output, `properties` and `required` as in its schema document.

    `anything` marks a model that accepts every field and is served by all three generate calls.
    """

    id: str
    kind: ModelKind
    title: str
    price: Decimal
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    shown: bool = True
    anything: bool = False


def _images(*, minimum: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": _URL, "minItems": minimum, "maxItems": 10}


MODELS: Mapping[str, SandboxModel] = {
    model.id: model
    for model in (
        SandboxModel(
            "google/nano-banana-2/edit",
            "image",
            "Nano Banana 2 Edit",
            Decimal("0.08"),
            {"prompt": _PROMPT, "images": _images(), **_IMAGE},
            ("prompt", "images"),
        ),
        SandboxModel(
            "google/nano-banana-2/text-to-image",
            "image",
            "Nano Banana 2",
            Decimal("0.08"),
            {"prompt": _PROMPT, **_IMAGE},
            ("prompt",),
        ),
        SandboxModel(
            "bytedance/seedream-v4.5/edit",
            "image",
            "Seedream 4.5 Edit",
            Decimal("0.04"),
            {"prompt": _PROMPT, "reference_images": _images(), **_IMAGE},
            ("prompt", "reference_images"),
        ),
        SandboxModel(
            "black-forest-labs/flux-kontext-pro",
            "image",
            "FLUX Kontext Pro",
            Decimal("0.04"),
            {"prompt": _PROMPT, "image_url": _URL, **_IMAGE},
            ("prompt", "image_url"),
        ),
        SandboxModel(
            "atlascloud/image-upscaler",
            "image",
            "Image Upscaler",
            Decimal("0.01"),
            {"prompt": _PROMPT, "image": _URL, **_IMAGE},
            ("image",),
        ),
        SandboxModel(
            "youchuan/v8.2/remove-background",
            "image",
            "Youchuan V8.2 Remove Background",
            Decimal("0.086"),
            {"image": _URL},
            ("image",),
        ),
        SandboxModel(
            "bytedance/seedance-2.0/image-to-video",
            "video",
            "Seedance 2.0 Image to Video",
            Decimal("0.24"),
            {"prompt": _PROMPT, "image_url": _URL, "last_image": _URL, **_VIDEO},
            ("image_url",),
        ),
        SandboxModel(
            "bytedance/seedance-2.0/text-to-video",
            "video",
            "Seedance 2.0 Text to Video",
            Decimal("0.24"),
            {"prompt": _PROMPT, **_VIDEO},
            ("prompt",),
        ),
        SandboxModel(
            "alibaba/wan-2.6/video-to-video",
            "video",
            "Wan 2.6 Video to Video",
            Decimal("0.30"),
            {"prompt": _PROMPT, "video": _URL, **_VIDEO},
            ("prompt", "video"),
        ),
        SandboxModel(
            "kwaivgi/kling-video-o3-std/video-edit",
            "video",
            "Kling Video O3 Standard Edit",
            Decimal("0.42"),
            {"prompt": _PROMPT, "video": _URL, "images": _images(minimum=0)},
            ("prompt", "video"),
        ),
        SandboxModel(
            "minimax/music-2.6",
            "audio",
            "Music 2.6",
            Decimal("0.15"),
            {"prompt": _PROMPT, "lyrics": {"type": "string", "maxLength": 3000}},
            ("prompt",),
        ),
        SandboxModel(
            "minimax/music-2.0/text-to-audio",
            "audio",
            "Music 2.0",
            Decimal("0.03"),
            {"prompt": _PROMPT, "duration": {"type": "number", "minimum": 1, "maximum": 30, "default": 3}},
            ("prompt",),
        ),
        SandboxModel(
            "google/nano-banana-1/edit",
            "image",
            "Nano Banana 1 Edit (withdrawn)",
            Decimal("0.04"),
            {"prompt": _PROMPT, "images": _images(), **_IMAGE},
            ("prompt", "images"),
            shown=False,
        ),
        SandboxModel(
            ECHO,
            "image",
            "Echo: gives back what was uploaded",
            Decimal("0.01"),
            {"prompt": _PROMPT, "image_url": _URL, "images": _images(), "video": _URL, "audio": _URL, **_IMAGE},
            anything=True,
        ),
    )
}


def listing(base_url: str) -> dict[str, Any]:
    """Give the answer of GET /api/v1/models; its `code` is a string, as the real one's may be."""
    return {"code": "200", "message": "success", "data": [_entry(model, base_url) for model in MODELS.values()]}


def _entry(model: SandboxModel, base_url: str) -> dict[str, Any]:
    return {
        "model": model.id,
        "type": "Any" if model.anything else model.kind.capitalize(),
        "displayName": model.title,
        "display_console": model.shown,
        "categories": [model.id.rpartition("/")[2]],
        "tags": ["sandbox"],
        "schema": f"{base_url}/sandbox/schema/{model.id}.json",
        "readme": "",
        "price": {"actual": {"base_price": str(model.price)}},
    }


def schema(model: SandboxModel) -> dict[str, Any]:
    """Give the model's OpenAPI document, of which clients read components.schemas.Input."""
    schema_of_input = {
        "type": "object",
        "properties": model.properties,
        "required": list(model.required),
        "x-order-properties": list(model.properties),
        "additionalProperties": model.anything,
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": model.title, "version": "1"},
        "paths": {},
        "components": {"schemas": {"Input": schema_of_input}},
    }
