"""Small whole files of each kind, each number another content."""

import io
import struct
import wave

from PIL import Image


def picture(number: int = 0, form: str = "PNG") -> bytes:
    """Give a picture of 16 by 16 pixels; `form` is Pillow's name of a format."""
    colour = (number * 7 % 256, number // 256 % 256, number % 256)
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, form)
    return file.getvalue()


def sound(number: int = 0) -> bytes:
    """Give a tenth of a second of WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(struct.pack("<h", number) * 800)
    return file.getvalue()


def movie(number: int = 0) -> bytes:
    """Give the boxes of an MP4, whole as a container; no program could show it."""
    return _box(b"ftyp", b"isom\0\0\2\0isommp42") + _box(b"moov", bytes(16)) + _box(b"mdat", b"%d" % number)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content
