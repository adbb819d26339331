"""Pictures are changed as the words ask, videos move, sounds sound, and bad input fails its prediction."""

import hashlib
import io
import wave
from typing import Any

import pytest
from PIL import Image, ImageChops

from daemon.sandbox import pictures, sounds, videos
from daemon.sandbox.formats import sniff
from daemon.sandbox.samples import PICTURES, PROMPTS, landscape, write_prompts, write_samples
from tests.sandbox.client import Api

EDIT = "google/nano-banana-2/edit"


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    file = io.BytesIO()
    landscape().resize((320, 214)).save(file, "JPEG")
    return file.getvalue()


def digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("words", [names[0] for names, _ in pictures.EFFECTS] + ["something else"])
def test_each_effect_is_visible(words: str) -> None:
    before = landscape().resize((240, 160))
    after = pictures.effect_for(f"Make it {words.upper()}, please")(before)
    assert words != "upscale" or after.size == (480, 320)
    difference = ImageChops.difference(before, after.resize(before.size)).convert("L")
    assert sum(difference.histogram()[9:]) > 0.1 * 240 * 160 or words == "upscale"


def test_an_edit_is_a_picture_of_the_ratio_asked_for(api: Api, jpeg: bytes) -> None:
    data = api.result(model=EDIT, prompt="oil painting", images=[api.uploaded(jpeg)], aspect_ratio="1:1")
    picture = opened(data)
    assert (picture.format, picture.width) == ("PNG", picture.height)


def test_a_picture_from_words(api: Api) -> None:
    body: dict[str, Any] = {
        "model": "google/nano-banana-2/text-to-image",
        "prompt": "A harbour at dawn",
        "num_outputs": 2,
    }
    first, second = api.finished(api.submitted(**body, output_format="jpeg"))["outputs"]
    assert opened(api.download(first).content).format == "JPEG"
    assert first != second


def test_transparency_palettes_and_turned_cameras_are_taken() -> None:
    for mode in ("RGBA", "P", "L", "LA", "CMYK", "1", "I;16"):
        assert pictures.prepared(Image.new(mode, (40, 20))).mode == "RGB"


def test_an_upscaler_needs_no_prompt(api: Api, jpeg: bytes) -> None:
    data = api.result(model="atlascloud/image-upscaler", image=api.uploaded(jpeg))
    assert opened(data).width == 640


def test_a_still_becomes_a_video_and_a_video_another(api: Api, jpeg: bytes) -> None:
    still = {"model": "bytedance/seedance-2.0/image-to-video", "image_url": api.uploaded(jpeg), "duration": 1}
    video = api.result("Video", **still)
    again = {"model": "alibaba/wan-2.6/video-to-video", "prompt": "sepia", "video": api.uploaded(video, "a.mp4")}
    changed = api.result("Video", **again)
    # MP4 where PyAV is there, animated WebP elsewhere
    assert sniff(video)[1] == sniff(changed)[1] == ("webp" if videos._av() is None else "mp4")
    assert changed != video


def test_videos_without_pyav_are_animated_webp(tmp_path: object) -> None:
    data = videos._webp(videos.camera_move(landscape(), 1))
    path = f"{tmp_path}/move.webp"
    with open(path, "wb") as file:
        file.write(data)
    assert len(videos._pillow_frames(path)) == videos.RATE


def test_a_sound_from_words(api: Api) -> None:
    data = api.result("Audio", model="minimax/music-2.0/text-to-audio", prompt="rain", duration=2)
    assert data == sounds.melody("rain", 2) != sounds.melody("snow", 2)
    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getnframes() == pytest.approx(2 * sounds.RATE, rel=0.05)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_input_that_cannot_be_read_fails_its_prediction(api: Api, data: bytes) -> None:
    view = api.finished(api.submitted(model=EDIT, prompt="oil", images=[api.uploaded(data)]))
    assert (view["status"], view["outputs"]) == ("failed", [])
    assert view["error"].startswith("the input can't be read")


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x18ftypmp42", sounds.melody("no picture in it", 1)])
def test_a_video_that_cannot_be_read_fails_its_prediction(api: Api, data: bytes) -> None:
    url = api.uploaded(data, "a.mp4")
    view = api.finished(api.submitted("Video", model="alibaba/wan-2.6/video-to-video", prompt="x", video=url))
    assert (view["status"], view["outputs"]) == ("failed", [])
    assert view["error"].startswith("the input can't be read")


def test_samples_are_the_same_each_time(tmp_path: object) -> None:
    paths = write_samples(str(tmp_path))
    assert len(paths) == len(PICTURES) >= 6
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
    before = [digest(path) for path in paths]
    assert [digest(path) for path in write_samples(str(tmp_path))] == before
    assert len(write_prompts(str(tmp_path))) == len(PROMPTS)
