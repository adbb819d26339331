"""Input files: pictures of noise, each of its own content, and sounds of any length."""

import os
import random
import struct
import zlib

_SIDE = 182  # 182 x 182 x 3 bytes of noise, which does not compress: about 100 kB
_WAV_HEAD = 44


def noise_png(seed: int, side: int = _SIDE) -> bytes:
    """Give a PNG of `side` x `side` pixels that no other seed gives; about 100 kB by default."""
    noise = random.Random(seed)  # noqa: S311 - the same noise in every run
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write(path: str, data: bytes) -> None:
    """Write a file as any program does: open, write, close."""
    with open(path, "wb") as file:
        file.write(data)


def pile(directory: str, first: int, count: int, *, side: int = _SIDE) -> list[str]:
    """Write `count` pictures, seeds from `first`, into a new directory; give their names."""
    os.makedirs(directory)
    names = [f"{seed:08d}.png" for seed in range(first, first + count)]
    for seed, name in enumerate(names, first):
        write(os.path.join(directory, name), noise_png(seed, side))
    return names


def silent_wav(path: str, size: int, mark: int) -> None:
    """Write a valid WAV of `size` bytes (at most 4 GB), nearly all a hole; `mark` makes its content its own."""
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", size - 8, b"WAVE", b"fmt ", 16, 1, 2, 48_000, 192_000, 4, 16)
    with open(path, "wb") as file:
        file.write(head + struct.pack("<4sI", b"data", size - _WAV_HEAD) + struct.pack("<I", mark))
        file.truncate(size)
