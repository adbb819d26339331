"""A short melody whose notes follow from a prompt, as a WAV file."""

import array
import hashlib
import io
import math
import sys
import wave

RATE = 22_050
MOST_SECONDS = 10.0
_NOTE_SECONDS = 0.25
#: Two octaves of the major pentatonic scale from A3, as semitones: any order of them sounds well.
_SCALE = (0, 2, 4, 7, 9, 12, 14, 16, 19, 21)


def melody(words: str, seconds: float = 3.0) -> bytes:
    """Give a mono 16-bit WAV of `seconds` (at most MOST_SECONDS); the same words give the same bytes."""
    digest = hashlib.sha256(words.encode("utf-8", "replace")).digest()
    samples = array.array("h")
    for index in range(max(int(min(seconds, MOST_SECONDS) / _NOTE_SECONDS), 1)):
        samples.extend(_note(_SCALE[digest[index % len(digest)] % len(_SCALE)]))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _note(semitones: int) -> list[int]:
    step = 2 * math.pi * 220.0 * 2 ** (semitones / 12) / RATE
    count = int(RATE * _NOTE_SECONDS)
    # a quick attack and a long decay, so that notes do not click
    return [
        int(9000 * min(index / 200, 1.0) * (1 - index / count) * math.sin(step * index)) for index in range(count)
    ]
