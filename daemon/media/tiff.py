"""TIFF (revision 6.0): the directories and the strips or tiles they point to must lie inside the file."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.media.reader import Reader, TooMuchError

_DIRECTORIES = 200
_ENTRIES = 4096
#: Bytes per value of each field type (section 2 of the specification; 0: unknown types are passed over).
_WIDTHS = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)
_OFFSETS, _LENGTHS = {273, 324}, {279, 325}  # of strips and tiles
_WIDTH, _HEIGHT = 256, 257


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    kind: int
    count: int
    value: bytes  # the four bytes: the value itself if it fits, else its place

    def length(self) -> int:
        return self.count * (_WIDTHS[self.kind] if self.kind < len(_WIDTHS) else 0)


class _Tiff:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.order = "<" if reader.at(0, 2) == b"II" else ">"

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self.order == "<" else "big")

    def directories(self) -> Iterator[list[_Entry] | None]:
        """Give each directory's entries; None for one that lies outside the file."""
        place = self.number(self.reader.at(4, 4))
        for _ in range(_DIRECTORIES):
            count = self.number(self.reader.at(place, 2))
            data = self.reader.at(place + 2, count * 12 + 4)
            if place < 8 or not count or len(data) < count * 12 + 4:
                yield None
                return
            entries = struct.iter_unpack(f"{self.order}HHI4s", data[:-4])
            yield [_Entry(*entry) for entry in entries]
            place = self.number(data[-4:])
            if not place:
                return
        raise TooMuchError

    def values(self, entry: _Entry) -> list[int]:
        width = _WIDTHS[entry.kind] if entry.kind < len(_WIDTHS) else 0
        if width not in {2, 4} or entry.count > _ENTRIES:
            raise TooMuchError
        length = entry.length()
        data = entry.value[:length] if length <= 4 else self.reader.at(self.number(entry.value), length)
        return [self.number(data[start : start + width]) for start in range(0, len(data), width)]


def tiff_whole(reader: Reader) -> bool:
    """Tell whether every directory, long value, strip and tile ends inside the file."""
    tiff = _Tiff(reader)
    for entries in tiff.directories():
        if entries is None:
            return False
        offsets: list[int] = []
        lengths: list[int] = []
        for entry in entries:
            if entry.length() > 4 and tiff.number(entry.value) + entry.length() > reader.size:
                return False
            if entry.tag in _OFFSETS:
                offsets = tiff.values(entry)
            elif entry.tag in _LENGTHS:
                lengths = tiff.values(entry)
        ends = (start + length for start, length in zip(offsets, lengths, strict=False))
        if max(ends, default=0) > reader.size:
            return False
    return True


def tiff_size(reader: Reader) -> tuple[int, int] | None:
    """Read the first directory."""
    tiff = _Tiff(reader)
    entries = next(tiff.directories(), None) or []
    found = {entry.tag: tiff.values(entry) for entry in entries if entry.tag in {_WIDTH, _HEIGHT}}
    width, height = found.get(_WIDTH), found.get(_HEIGHT)
    return (width[0], height[0]) if width and height else None
