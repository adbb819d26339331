"""Files as they should not be, and names that people do not expect: what tests drop into inboxes."""

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from tests.daemon.samples import movie, picture, sound

_HTML = b"<!doctype html><html><body>Please sign in</body></html>"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file for the inbox `folder`; `code` is why it has to fail, None where it is to be processed."""

    folder: str
    name: str
    data: bytes
    code: str | None = None


def corpus() -> list[Dropped]:
    """Give all of them; of those that are to be processed, no two have the same content."""
    return [*_cut(), *_mislabelled(), *_empty_and_large(), *_polyglots(), *_named()]


def _whole() -> Iterator[tuple[str, str, bytes]]:
    """Give folder, extension and content of a whole file in each format that shows its own end."""
    forms = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
    for number, form in enumerate(forms):
        yield "pictures", form.lower(), _noise(form, number)
    yield "movies", "mp4", movie(77_000_000_000)
    yield "movies", "webm", _matroska()
    yield "sounds", "wav", sound(77)
    yield "sounds", "ogg", _ogg()


def _cut() -> Iterator[Dropped]:
    """Give files that end after their first byte, in their header, in the middle, and before their last byte."""
    for folder, extension, data in _whole():
        for end in (1, 11, len(data) // 2, len(data) - 1):
            yield Dropped(folder, f"cut at {end}.{extension}", data[:end], "ends_early")
        yield Dropped(folder, f"whole.{extension}", data)


def _mislabelled() -> Iterator[Dropped]:
    yield Dropped("pictures", "text.jpg", b"just some words\n", "not_media")
    yield Dropped("pictures", "page.jpg", _HTML, "not_media")
    yield Dropped("pictures", "archive.png", _zip(), "not_media")
    yield Dropped(
        "pictures", "program.png", b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(range(1, 200)), "not_media"
    )
    yield Dropped("pictures", "sound.png", sound(1), "not_media")
    yield Dropped("pictures", "movie.jpg", movie(1), "not_media")
    yield Dropped("movies", "picture.mp4", picture(1), "not_media")
    yield Dropped("movies", "text.webm", b"words that are no video", "not_media")
    yield Dropped("sounds", "picture.wav", picture(2, "JPEG"), "not_media")
    yield Dropped("pictures", "png under another name.jpg", picture(3))


def _empty_and_large() -> Iterator[Dropped]:
    yield Dropped("pictures", "empty.jpg", b"", "empty")
    yield Dropped("pictures", "zeros.png", bytes(5000), "ends_early")
    yield Dropped("pictures", "large.png", picture(4) + bytes(2_000_001), "too_large")
    yield Dropped("texts", "blank.txt", b" \r\n\t", "empty")
    yield Dropped("texts", "latin.txt", "Käse mit Löchern".encode("latin-1"), "not_text")
    yield Dropped("texts", "novel.txt", b"word " * 20_001, "too_large")


def _polyglots() -> Iterator[Dropped]:
    """Give files that are two things at once: what they begin with counts, and goes on its way as it is."""
    jpeg = picture(5, "JPEG")
    remark = b"%PDF-1.7\n1 0 obj <<>> endobj"
    yield Dropped("pictures", "with an archive.jpg", picture(6, "JPEG") + _zip())
    yield Dropped("pictures", "with a page.png", picture(7) + _HTML)
    yield Dropped(
        "pictures",
        "with a document.jpg",
        jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(remark) + 2) + remark + jpeg[2:],
    )
    yield Dropped("pictures", "document first.jpg", b"%PDF-1.7\n" + jpeg, "not_media")
    yield Dropped("pictures", "page first.jpg", _HTML + jpeg, "not_media")
    yield Dropped(
        "pictures", "script.gif", b"GIF89a/*" + bytes(8) + b"*/=1;alert(document.cookie);//;", "ends_early"
    )


#: Names as faults bring them. What a person types is among the others.
NAMES = (
    b"a" * 251,
    b"\xff\xfe" * 125 + b"\xe9",
    "ä".encode() * 125,
    b"caf\xe9",
    b"line\nbreak\r",
    b"'quote\" `x` $(x) ;|& ",
    b"-rf",
    b"--help",
    b"%s %d {stem} {nobody}",
    b"[a]*?\\",
    b" spaces  ",
    b"two..dots",
    b"escape \x1b[31m\x07",
    "\u202egnp.kcab".encode(),
    "cafe\u0301".encode(),
    "caf\u00e9".encode(),
    b"same",
    b"Same",
    b"SAME",
)


def _named() -> Iterator[Dropped]:
    """Give a good and a bad file under each name."""
    for number, stem in enumerate(NAMES):
        name = (stem + b".png").decode("utf-8", "surrogateescape")
        yield Dropped("names", name, picture(100 + number))
        yield Dropped("bad names", name, picture(200 + number)[:-3], "ends_early")


def _noise(form: str, number: int) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((32, 32), 50 + number).convert("RGB").save(file, form)
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("payload.sh", "echo no")
    return file.getvalue()


def _matroska() -> bytes:
    """Give an EBML header of the type `webm`, and a segment of a stated length (RFC 8794, RFC 9559)."""
    kind = b"\x42\x82\x84webm"
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(kind)]) + kind + b"\x18\x53\x80\x67\x9e" + bytes(30)


def _ogg() -> bytes:
    """Give one page that ends its stream (RFC 3533)."""
    head = b"OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0"
    return b"OggS\0\6" + bytes(20) + bytes([1, len(head)]) + head
