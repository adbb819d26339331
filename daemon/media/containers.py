"""Containers of video, sound and 3D models: whether the lengths that they state fit into the file."""

from collections.abc import Iterator

from daemon.media.reader import Reader, TooMuchError

#: Parts of one file that are looked at before it is left undecided.
_PARTS = 20_000

# --- RIFF (WebP, WAV, AVI) and its big-endian parent, IFF (AIFF) ---


def riff_whole(reader: Reader) -> bool | None:
    """Compare with the length in the header; for large AVIs, of every further RIFF part as well.

    A length of 0 or of all ones comes from a writer that can't go back. A length that ends before the file does
    is what a recorder writes first and corrects at its end, so it decides nothing.
    """
    position = 0
    for _ in range(_PARTS):
        head = reader.at(position, 8)
        if position and head[:4] != b"RIFF":
            return None
        length = int.from_bytes(head[4:8], "little")
        if length in {0, 0xFFFFFFFF}:
            return None
        position += 8 + length
        if position >= reader.size:
            return position == reader.size
        if position + 1 == reader.size:
            return True  # a byte of padding that is not counted
    raise TooMuchError


def iff_whole(reader: Reader) -> bool | None:
    """Compare with the length in the header (AIFF)."""
    length = int.from_bytes(reader.at(4, 4), "big")
    end = 8 + length
    if not length or end + 1 < reader.size:
        return None
    return end <= reader.size


# --- ISO base media (MP4, MOV, HEIC, AVIF; ISO/IEC 14496-12) ---

Box = tuple[bytes, int, int]


def _boxes(reader: Reader, position: int, end: int) -> Iterator[Box]:
    """Give type, start of content and end of each box; an end may lie outside the file."""
    for _ in range(_PARTS):
        head = reader.at(position, 16)
        if len(head) < 8 or position >= end:
            return
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], position + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), position + 16
        elif size == 0:
            size = end - position  # to the end of the file
        if size < content - position or not any(kind):
            return
        position += size
        yield kind, content, position
    raise TooMuchError


def movie_whole(reader: Reader) -> bool | None:
    """Tell whether every box fits and both `moov`, which many writers put last, and `mdat` are among them.

    A fragmented movie may end after any fragment; only a closing `mfra` shows its end.
    """
    seen: set[bytes] = set()
    fragmented = closed = False
    for kind, content, end in _boxes(reader, 0, reader.size):
        if end > reader.size:
            return False
        seen.add(kind)
        if kind == b"moov":
            fragmented = any(child[0] == b"mvex" for child in _boxes(reader, content, end))
        closed = kind == b"mfra"
    if fragmented and not closed:
        return None
    return {b"moov", b"mdat"} <= seen


def still_whole(reader: Reader) -> bool:
    """Tell whether every box of a HEIC or AVIF picture fits, with `meta` and the data that it describes."""
    seen: set[bytes] = set()
    for kind, content, end in _boxes(reader, 0, reader.size):
        if end > reader.size:
            return False
        seen.add(kind)
        if kind == b"meta":  # small pictures may lie inside it; its version takes four bytes
            seen |= {child[0] for child in _boxes(reader, content + 4, end)}
    return bool(seen & {b"meta", b"moov"}) and bool(seen & {b"mdat", b"idat"})


def still_size(reader: Reader) -> tuple[int, int] | None:
    """Read the first `ispe` property; it lies near the start of every picture of this family."""
    head = reader.at(0, 4096)
    place = head.find(b"ispe")
    size = head[place + 8 : place + 16]
    if place < 0 or len(size) < 8:
        return None
    return int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")


# --- Matroska, WebM (RFC 8794, RFC 9559) ---

_SEGMENT = 0x18538067


def _number(reader: Reader, position: int, *, marker: bool) -> tuple[int, int]:
    """Read a number of variable length: its value (-1 for `unknown` or none) and the place after it."""
    data = reader.at(position, 8)
    width = 9 - data[0].bit_length() if data else 9
    if width > len(data):
        return -1, position + 8
    value = int.from_bytes(data[:width], "big")
    if not marker:
        value &= (1 << 7 * width) - 1
        if value == (1 << 7 * width) - 1:
            value = -1
    return value, position + width


def matroska_whole(reader: Reader) -> bool | None:
    """Compare with the segment's length; a live recording has none."""
    position = 0
    for _ in range(16):
        element, position = _number(reader, position, marker=True)
        length, position = _number(reader, position, marker=False)
        if position > reader.size or element < 0:
            return False
        if length < 0:
            return None
        position += length
        if element == _SEGMENT:
            return position <= reader.size
    raise TooMuchError


# --- Ogg (RFC 3533), glTF binary ---


def ogg_whole(reader: Reader) -> bool | None:
    """Look at the last page: it may be cut, or say that it ends the stream. Without either, nobody knows."""
    tail = reader.tail(66_000)  # the longest page is shorter
    place = tail.rfind(b"OggS")
    page = tail[place:]
    if place < 0 or len(page) < 27 or len(page) < 27 + page[26]:
        return False
    if len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return False
    return True if page[5] & 4 else None


def glb_whole(reader: Reader) -> bool:
    """Compare with the length in the header (glTF 2.0, section 4.4)."""
    head = reader.at(8, 4)
    return len(head) == 4 and int.from_bytes(head, "little") <= reader.size
