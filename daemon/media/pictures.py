"""Pictures: where each format shows its end, and how large it says it is."""

import re
import struct
from collections.abc import Iterator

from daemon.media.reader import Reader, TooMuchError

Size = tuple[int, int]

#: Parts (segments, chunks, blocks) of one file that are looked at before it is left undecided.
_PARTS = 100_000

# --- JPEG (ITU-T T.81, annex B) ---

#: In entropy-coded data an FF is followed by 00 or is a restart marker; anything else is a real marker.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOS, _EOI = 0xDA, 0xD9
_ALONE = {0x01, 0xD8, _EOI}  # markers that no length follows
_SOF = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg_markers(reader: Reader) -> Iterator[tuple[int, int]]:
    """Give each marker's code and place, over segments and the coded data between them."""
    position = 2
    for _ in range(_PARTS):
        found = reader.search(_MARKER, position)
        if found is None:
            return
        position, (_, code) = found
        yield code, position
        position += 2
        if code not in _ALONE:
            length = reader.at(position, 2)
            if len(length) < 2:
                return
            position += max(2, int.from_bytes(length, "big"))
    raise TooMuchError


def jpeg_whole(reader: Reader) -> bool:
    """Tell whether the picture's end marker is there; bytes after it (motion photos, MPF) do not matter.

    The header is walked first, so that the end marker of a preview inside it is not taken for the picture's.
    """
    scanning = False
    for code, position in _jpeg_markers(reader):
        if code == _EOI:
            return True
        if code == _SOS and not scanning:
            scanning = True
            tail = reader.tail(4096)
            end = reader.size - len(tail) + len(tail.rstrip(b"\0"))
            if end > position and reader.at(end - 2, 2) == b"\xff\xd9":
                return True  # the usual case, without reading what lies between
    return False


def jpeg_size(reader: Reader) -> Size | None:
    """Read the frame header."""
    for code, position in _jpeg_markers(reader):
        if code in _SOF:
            frame = reader.at(position + 5, 4)
            return _swapped(struct.unpack(">HH", frame)) if len(frame) == 4 else None
        if code in {_SOS, _EOI}:
            return None
    return None


def _swapped(size: tuple[int, ...]) -> Size:
    return size[1], size[0]


# --- PNG (W3C PNG specification, section 5) ---

_IEND = b"\0\0\0\0IEND\xaeB`\x82"


def png_whole(reader: Reader) -> bool:
    """Tell whether the chunks go on up to IEND."""
    if reader.tail(12) == _IEND:
        return True
    position = 8
    for _ in range(_PARTS):
        head = reader.at(position, 8)
        if len(head) < 8 or not head[4:].isalpha():
            return False
        position += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            return position <= reader.size
    raise TooMuchError


def png_size(reader: Reader) -> Size | None:
    """Read IHDR."""
    head = reader.at(12, 12)
    return struct.unpack(">II", head[4:]) if len(head) == 12 and head[:4] == b"IHDR" else None


# --- GIF (GIF89a specification) ---

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C


def gif_whole(reader: Reader) -> bool:
    """Tell whether the blocks go on up to the trailer."""
    if reader.tail(2) == b"\0\x3b":
        return True
    head = reader.at(0, 13)
    if len(head) < 13:
        return False
    position = 13 + _colours(head[10])
    for _ in range(_PARTS):
        block = reader.at(position, 10)
        if not block:
            return False
        if block[0] == _TRAILER:
            return True
        if block[0] == _EXTENSION:
            position += 2
        elif block[0] == _IMAGE and len(block) == 10:
            position += 11 + _colours(block[9])
        else:
            return False
        position = _past_sub_blocks(reader, position)
    raise TooMuchError


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _past_sub_blocks(reader: Reader, position: int) -> int:
    for _ in range(_PARTS * 10):
        length = reader.at(position, 1)
        if not length:
            return position
        position += 1 + length[0]
        if not length[0]:
            return position
    raise TooMuchError


def gif_size(reader: Reader) -> Size | None:
    """Read the logical screen descriptor."""
    head = reader.at(6, 4)
    return struct.unpack("<HH", head) if len(head) == 4 else None


# --- WebP (RFC 9649), sizes only: its end is RIFF's ---


def webp_size(reader: Reader) -> Size | None:
    """Read the first chunk, in whichever of the three forms."""
    head = reader.at(12, 18)
    if len(head) < 18:
        return None
    if head[:4] == b"VP8X":
        return int.from_bytes(head[12:15], "little") + 1, int.from_bytes(head[15:18], "little") + 1
    if head[:4] == b"VP8L":
        bits = int.from_bytes(head[9:13], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if head[:4] == b"VP8 ":
        width, height = struct.unpack("<HH", head[14:18])
        return width & 0x3FFF, height & 0x3FFF
    return None


# --- BMP ---


def bmp_whole(reader: Reader) -> bool | None:
    """Compare with the length in the header; some writers leave it 0."""
    length = int.from_bytes(reader.at(2, 4), "little")
    return reader.size >= length if length else None


def bmp_size(reader: Reader) -> Size | None:
    """Read the information header; a negative height means rows from the top."""
    head = reader.at(14, 12)
    if len(head) < 12 or int.from_bytes(head[:4], "little") < 40:
        return None
    width, height = struct.unpack("<ii", head[4:])
    return abs(width), abs(height)
