"""Short videos: a slow camera move over a still, or another video with each frame changed.

MP4 where PyAV is installed, else animated WebP, which Pillow writes by itself.
"""

import importlib
import io
import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from PIL import Image, ImageSequence

from daemon.sandbox.pictures import Effect

RATE = 12  # frames a second
MOST_SECONDS = 4.0
LONG_EDGE = 480


def camera_move(still: Image.Image, seconds: float) -> list[Image.Image]:
    """Give the frames of a move that closes in on the picture while it drifts to the right."""
    count = max(int(min(seconds, MOST_SECONDS) * RATE), 2)
    size = _frame_size(still)
    frames = []
    for index in range(count):
        progress = index / (count - 1)
        width, height = (edge * (1 - 0.25 * progress) for edge in still.size)
        left, top = (still.width - width) * (0.4 + 0.6 * progress), (still.height - height) / 2
        box = (left, top, left + width, top + height)
        frames.append(still.resize(size, Image.Resampling.BILINEAR, box=box))
    return frames


def _frame_size(picture: Image.Image) -> tuple[int, int]:
    # H.264 in its usual colour format needs even edges
    scale = min(LONG_EDGE / max(picture.size), 1)
    width, height = (max(round(edge * scale / 2) * 2, 2) for edge in picture.size)
    return width, height


def frames_of(path: str) -> list[Image.Image]:
    """Give the first frames of a video or of an animated picture; raises OSError or ValueError if it has none."""
    av = _av()
    frames = _pillow_frames(path) if av is None else _decoded(av, path)
    if not frames:
        raise ValueError("the video has no frames")
    return frames


def _decoded(av: Any, path: str) -> list[Image.Image]:
    try:
        with av.open(path) as container:
            if not container.streams.video:
                return []
            frames = itertools.islice(container.decode(video=0), int(MOST_SECONDS * RATE))
            return [frame.to_image() for frame in frames]
    except av.error.FFmpegError as error:
        raise ValueError(str(error)) from error


def _pillow_frames(path: str) -> list[Image.Image]:
    with Image.open(path) as picture:
        most = int(MOST_SECONDS * RATE)
        return [
            frame.convert("RGB") for _, frame in zip(range(most), ImageSequence.Iterator(picture), strict=False)
        ]


def changed(frames: Sequence[Image.Image], effect: Effect) -> list[Image.Image]:
    """Give every frame, made small and changed by `effect`, all of one size."""
    size = _frame_size(frames[0])
    return [effect(frame.convert("RGB").resize(size)).resize(size) for frame in frames]


def encoded(frames: Sequence[Image.Image]) -> bytes:
    """Give the video file of these frames: MP4, or animated WebP without PyAV."""
    av = _av()
    return _webp(frames) if av is None else _mp4(av, frames)


def _av() -> Any:
    # an extra of ours: the sandbox works without it
    try:
        return importlib.import_module("av")
    except ImportError:
        return None


def _webp(frames: Sequence[Image.Image]) -> bytes:
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=1000 // RATE, loop=0)
    return file.getvalue()


def _mp4(av: Any, frames: Sequence[Image.Image]) -> bytes:
    file = io.BytesIO()
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=Fraction(RATE))
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return file.getvalue()
