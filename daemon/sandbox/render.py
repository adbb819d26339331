"""From a prediction's request to the bytes of its outputs: picture, video or sound."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from daemon.sandbox import pictures, sounds, videos
from daemon.sandbox.catalogue import ModelKind

#: One white pixel: the output where there is nothing to echo.
TINY_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)


class Unusable(Exception):
    """The input can't be read as what the model needs; the text is the prediction's error."""


def render(kind: ModelKind, model: str, body: Mapping[str, Any], inputs: Sequence[str], number: int = 0) -> bytes:
    """Make output `number` of a request from its input files (paths); raises Unusable."""
    prompt = str(body.get("prompt") or "")
    try:
        if kind == "audio":
            return sounds.melody(prompt, float(body.get("duration", 3)))
        if kind == "video":
            return _video(body, prompt, inputs, video_in="video" in body)
        return _picture(body, f"{prompt} {model.partition('/')[2]}", prompt, inputs, number)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if not inputs:
            raise
        raise Unusable(f"the input can't be read: {error}") from error


def _picture(body: Mapping[str, Any], words: str, prompt: str, inputs: Sequence[str], number: int) -> bytes:
    ratio = body.get("aspect_ratio")
    if inputs:
        picture = pictures.effect_for(words)(pictures.prepared(_open(inputs[0]), ratio))
    else:
        picture = pictures.prepared(pictures.painted(prompt, number), ratio)
    file = io.BytesIO()
    # level 1: a picture of noise takes a third of the time and is a tenth larger
    picture.save(file, "JPEG" if body.get("output_format") == "jpeg" else "PNG", compress_level=1)
    return file.getvalue()


def _video(body: Mapping[str, Any], prompt: str, inputs: Sequence[str], *, video_in: bool) -> bytes:
    seconds = float(body.get("duration", 2))
    if inputs and video_in:
        return videos.encoded(videos.changed(videos.frames_of(inputs[0]), pictures.effect_for(prompt)))
    if inputs:
        still = pictures.prepared(_open(inputs[0]), body.get("aspect_ratio"))
    else:
        still = pictures.prepared(pictures.painted(prompt), body.get("aspect_ratio"))
    return videos.encoded(videos.camera_move(still, seconds))


def _open(path: str) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture
