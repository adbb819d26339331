"""What bytes are and whether they are whole: real files of each format, cut, grown and mutilated."""

import io
import os
import struct
import wave
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from daemon.media import Kind, Media, extension_for_mime, inspect

Maker = Callable[[], bytes]


def inspected(data: bytes) -> Media | None:
    fd = os.memfd_create("sample")
    try:
        os.write(fd, data)
        return inspect(fd, len(data))
    finally:
        os.close(fd)


def _picture(size: tuple[int, int] = (67, 41)) -> Image.Image:
    picture = Image.effect_noise(size, 90).convert("RGB")
    picture.putpixel((0, 0), (255, 0, 0))
    return picture


def picture(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    _picture().save(out, form, **options)
    return out.getvalue()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(250)) * 8)
    return out.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


MOOV = box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", box(b"tkhd", bytes(84))))
FRAMES = bytes(range(1, 200)) * 3


def movie(brand: bytes, *parts: bytes) -> bytes:
    return box(b"ftyp", brand, bytes(4), brand) + b"".join(parts)


def element(code: str, content: bytes) -> bytes:
    """Write a Matroska element with a length of eight bytes, as most writers do for the segment."""
    return bytes.fromhex(code) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def matroska(kind: bytes) -> bytes:
    return element("1a45dfa3", element("4282", kind)) + element("ec", bytes(30)) + element("18538067", FRAMES)


def avi() -> bytes:
    """Write an AVI whose frames go on in a second part, as those above one GB do."""
    first = b"AVI " + FRAMES + b"\0"
    second = b"AVIX" + FRAMES + b"\0"
    return b"".join(b"RIFF" + struct.pack("<I", len(part)) + part for part in (first, second))


def glb() -> bytes:
    content = b'{"asset":{"version":"2.0"}}     '
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(content), len(content), 0x4E4F534A) + content


#: name, bytes, kind, extension
WHOLE: list[tuple[str, Maker, Kind, str]] = [
    ("jpeg", lambda: picture("JPEG"), Kind.IMAGE, "jpg"),
    ("progressive jpeg", lambda: picture("JPEG", progressive=True, quality=95), Kind.IMAGE, "jpg"),
    ("png", lambda: picture("PNG"), Kind.IMAGE, "png"),
    ("gif", lambda: picture("GIF"), Kind.IMAGE, "gif"),
    ("webp", lambda: picture("WEBP"), Kind.IMAGE, "webp"),
    ("lossless webp", lambda: picture("WEBP", lossless=True), Kind.IMAGE, "webp"),
    ("bmp", lambda: picture("BMP"), Kind.IMAGE, "bmp"),
    ("tiff", lambda: picture("TIFF"), Kind.IMAGE, "tif"),
    ("avif", lambda: picture("AVIF"), Kind.IMAGE, "avif"),
    ("wav", sound, Kind.AUDIO, "wav"),
    ("mp4", lambda: movie(b"isom", box(b"mdat", FRAMES), MOOV), Kind.VIDEO, "mp4"),
    ("mp4 with its index first", lambda: movie(b"isom", MOOV, box(b"mdat", FRAMES)), Kind.VIDEO, "mp4"),
    (
        "mp4 of long boxes",
        lambda: movie(b"mp42", struct.pack(">I4sQ", 1, b"mdat", 16 + len(FRAMES)) + FRAMES, MOOV),
        Kind.VIDEO,
        "mp4",
    ),
    ("mov", lambda: movie(b"qt  ", box(b"wide"), box(b"mdat", FRAMES), MOOV), Kind.VIDEO, "mov"),
    ("old mov", lambda: box(b"mdat", FRAMES) + MOOV, Kind.VIDEO, "mov"),
    ("m4a", lambda: movie(b"M4A ", MOOV, box(b"mdat", FRAMES)), Kind.AUDIO, "m4a"),
    ("webm", lambda: matroska(b"webm"), Kind.VIDEO, "webm"),
    ("matroska", lambda: matroska(b"matroska"), Kind.VIDEO, "mkv"),
    ("glb", glb, Kind.MODEL3D, "glb"),
]
SAMPLES = {name: make() for name, make, _, _ in WHOLE}
SIZED = ["jpeg", "progressive jpeg", "png", "gif", "webp", "lossless webp", "bmp", "tiff", "avif"]


@pytest.mark.parametrize(("name", "kind", "extension"), [(name, kind, ext) for name, _, kind, ext in WHOLE])
def test_a_whole_file_is_recognised_as_whole(name: str, kind: Kind, extension: str) -> None:
    media = inspected(SAMPLES[name])
    assert media is not None
    assert (media.kind, media.extension, media.whole) == (kind, extension, True)
    assert extension_for_mime(media.mime) == extension


@pytest.mark.parametrize("name", SIZED)
def test_a_picture_tells_its_size(name: str) -> None:
    media = inspected(SAMPLES[name])
    assert media is not None
    assert (media.width, media.height) == (67, 41)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SAMPLES)), st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_anywhere_is_never_whole(name: str, share: float) -> None:
    data = SAMPLES[name]
    media = inspected(data[: int(len(data) * share)])
    # a few first bytes may be a text as well
    assert media is None or (media.kind is Kind.TEXT and not media.whole) or media.whole is False


@pytest.mark.parametrize("name", sorted(name for name, data in SAMPLES.items() if len(data) < 3000))
def test_a_file_that_is_cut_between_two_parts_is_not_whole(name: str) -> None:
    data = SAMPLES[name]
    taken = [cut for cut in range(len(data)) if (media := inspected(data[:cut])) is not None and media.whole]
    assert taken == []


@settings(max_examples=100)
@given(st.sampled_from(sorted(SAMPLES)), st.floats(0.05, 0.9))
def test_a_place_holder_of_full_length_is_not_whole_where_that_shows(name: str, share: float) -> None:
    """Some programs reserve the whole length with zeros first; a length in the header can't tell those apart."""
    data = SAMPLES[name]
    kept = int(len(data) * share)
    media = inspected(data[:kept] + bytes(len(data) - kept))
    if name in {"jpeg", "progressive jpeg", "png", "gif"}:
        assert media is None or media.whole is False


@settings(max_examples=300)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damage_raises_nothing(name: str, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    inspected(bytes(damaged))


HEADS = [
    b"",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"\x1aE\xdf\xa3",
    b"OggS",
    b"GIF89a",
    b"\0\0\0\x08ftyp",
    b"<?xml",
]


@settings(max_examples=300)
@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_any_bytes_are_judged_without_an_error(head: bytes, rest: bytes) -> None:
    inspected(head + rest)


def whole(data: bytes) -> bool | None:
    media = inspected(data)
    assert media is not None
    return media.whole


def test_bytes_after_a_jpeg_do_not_matter() -> None:
    jpeg = SAMPLES["jpeg"]
    for trailer in (bytes(9000), SAMPLES["mp4"], jpeg + b"\0\0", b"remark"):
        assert whole(jpeg + trailer) is True


def test_the_end_of_a_preview_is_not_the_end_of_the_picture() -> None:
    preview = picture("JPEG", quality=20)
    full = SAMPLES["jpeg"]
    segment = b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview
    outer = full[:2] + segment + full[2:]
    assert whole(outer) is True
    assert whole(outer[: 2 + len(segment)]) is False
    assert whole(outer[: len(outer) // 2] + bytes(5000)) is False


def test_a_sound_of_unknown_length_is_undecided() -> None:
    wav = SAMPLES["wav"]
    assert whole(wav[:4] + b"\xff\xff\xff\xff" + wav[8:]) is None
    assert whole(wav[:4] + struct.pack("<I", 36) + wav[8:]) is None, "a recorder's first header"


def test_a_live_recording_is_undecided() -> None:
    fragment = box(b"moof", bytes(40)) + box(b"mdat", FRAMES)
    fragmented = movie(b"iso5", box(b"moov", box(b"mvex", bytes(16))), fragment, fragment)
    assert whole(fragmented) is None
    assert whole(fragmented[:-7]) is False
    assert whole(fragmented + box(b"mfra", bytes(20))) is True
    webm = SAMPLES["webm"]
    place = webm.index(b"\x18\x53\x80\x67") + 4
    assert whole(webm[:place] + b"\x01" + b"\xff" * 7 + webm[place + 8 :]) is None


def test_a_movie_may_end_with_a_box_of_open_length() -> None:
    assert whole(movie(b"isom", MOOV, struct.pack(">I4s", 0, b"mdat") + FRAMES)) is True
    assert whole(movie(b"isom", struct.pack(">I4s", 0, b"mdat") + FRAMES)) is False


def test_an_avi_may_go_on_in_further_parts() -> None:
    data = avi()
    media = inspected(data)
    assert media is not None
    assert (media.extension, media.whole) == ("avi", True)
    assert whole(data[:-1]) is False


def _ogg_page(flags: int, body: bytes) -> bytes:
    return struct.pack("<4sBBQIIIB", b"OggS", 0, flags, 0, 1, 0, 0, 1) + bytes([len(body)]) + body


def test_an_ogg_stream_says_by_its_last_page_whether_it_ends() -> None:
    first, last = _ogg_page(2, b"OpusHead" + bytes(11)), _ogg_page(4, bytes(200))
    media = inspected(first + last)
    assert media is not None
    assert (media.extension, media.whole) == ("opus", True)
    assert whole(first + last[:-1]) is False
    assert whole(first) is None


@pytest.mark.parametrize(
    ("data", "kind", "extension"),
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", Kind.OTHER, "html"),
        (b"\xef\xbb\xbf \r\n<HTML lang=de>", Kind.OTHER, "html"),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml">', Kind.OTHER, "html"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n', Kind.TEXT, "svg"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', Kind.TEXT, "xml"),
        (b' {"code": 401, "msg": "unauthorized"}', Kind.TEXT, "json"),
        (b"[1, 2]", Kind.TEXT, "json"),
        (b"[Verse 1] a sunset", Kind.TEXT, "txt"),
        ("Ein Sonnenuntergang über dem Meer".encode(), Kind.TEXT, "txt"),
        ("é".encode() * 4000, Kind.TEXT, "txt"),
        (b"a" + "é".encode() * 4000, Kind.TEXT, "txt"),
        (b"%PDF-1.7\n%\xe2\xe3", Kind.OTHER, "pdf"),
        (b"ID3\x04\0\0\0\0\0\0", Kind.AUDIO, "mp3"),
        (b"\xff\xfb\x90\x64" + bytes(400), Kind.AUDIO, "mp3"),
        (b"\xff\xf1\x50\x80" + bytes(400), Kind.AUDIO, "aac"),
        (b"fLaC\0\0\0\x22", Kind.AUDIO, "flac"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind.IMAGE, "heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Kind.IMAGE, "avif"),
    ],
)
def test_texts_and_formats_without_an_end_are_told_apart(data: bytes, kind: Kind, extension: str) -> None:
    media = inspected(data)
    assert media is not None
    assert (media.kind, media.extension) == (kind, extension)


@pytest.mark.parametrize("data", [b"", b"\0" * 600, b"\xff\xfeh\0i\0", bytes(range(256)), b"caf\xe9", b"  \n "])
def test_what_is_nothing_known_is_not_recognised(data: bytes) -> None:
    assert inspected(data) is None


def test_a_file_of_endless_parts_is_left_undecided_in_time() -> None:
    head = SAMPLES["png"][:33]
    assert whole(head + (b"\0\0\0\0tEXt" + bytes(4)) * 120_000 + b"\0") is None


def test_a_media_type_has_its_extension() -> None:
    assert extension_for_mime("Image/JPEG; charset=binary") == "jpg"
    assert extension_for_mime("application/x-unheard-of") is None
