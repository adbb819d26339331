"""Which format a file's first bytes announce, and what is asked of a file of that format."""

from collections.abc import Callable
from dataclasses import dataclass

from daemon.media import containers, pictures, texts, tiff
from daemon.media.kinds import Kind, Media
from daemon.media.reader import Reader, TooMuchError

_HEAD = 4096


def _undecided(_: Reader) -> None:
    """Stand for what a format does not tell, or not cheaply."""


@dataclass(frozen=True, slots=True)
class _Format:
    kind: Kind
    extension: str
    mime: str
    whole: Callable[[Reader], bool | None] = _undecided
    size: Callable[[Reader], tuple[int, int] | None] = _undecided


_JPEG = _Format(Kind.IMAGE, "jpg", "image/jpeg", pictures.jpeg_whole, pictures.jpeg_size)
_PNG = _Format(Kind.IMAGE, "png", "image/png", pictures.png_whole, pictures.png_size)
_GIF = _Format(Kind.IMAGE, "gif", "image/gif", pictures.gif_whole, pictures.gif_size)
_BMP = _Format(Kind.IMAGE, "bmp", "image/bmp", pictures.bmp_whole, pictures.bmp_size)
_TIFF = _Format(Kind.IMAGE, "tif", "image/tiff", tiff.tiff_whole, tiff.tiff_size)
_JXL = _Format(Kind.IMAGE, "jxl", "image/jxl")
_AVIF = _Format(Kind.IMAGE, "avif", "image/avif", containers.still_whole, containers.still_size)
_HEIC = _Format(Kind.IMAGE, "heic", "image/heic", containers.still_whole, containers.still_size)
_MP4 = _Format(Kind.VIDEO, "mp4", "video/mp4", containers.movie_whole)
_M4V = _Format(Kind.VIDEO, "m4v", "video/x-m4v", containers.movie_whole)
_MOV = _Format(Kind.VIDEO, "mov", "video/quicktime", containers.movie_whole)
_M4A = _Format(Kind.AUDIO, "m4a", "audio/mp4", containers.movie_whole)
_WEBM = _Format(Kind.VIDEO, "webm", "video/webm", containers.matroska_whole)
_MKV = _Format(Kind.VIDEO, "mkv", "video/x-matroska", containers.matroska_whole)
_OGG = _Format(Kind.AUDIO, "ogg", "audio/ogg", containers.ogg_whole)
_OGV = _Format(Kind.VIDEO, "ogv", "video/ogg", containers.ogg_whole)
_OPUS = _Format(Kind.AUDIO, "opus", "audio/ogg", containers.ogg_whole)
_MP3 = _Format(Kind.AUDIO, "mp3", "audio/mpeg")
_AAC = _Format(Kind.AUDIO, "aac", "audio/aac")

#: First bytes that say it all.
_SIGNATURES: tuple[tuple[bytes, _Format], ...] = (
    (b"\xff\xd8\xff", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"\xff\x0a", _JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JXL),
    (b"8BPS\0", _Format(Kind.OTHER, "psd", "image/vnd.adobe.photoshop")),
    (b"fLaC", _Format(Kind.AUDIO, "flac", "audio/flac")),
    (b"ID3", _MP3),
    (b"glTF", _Format(Kind.MODEL3D, "glb", "model/gltf-binary", containers.glb_whole)),
    (b"Kaydara FBX Binary", _Format(Kind.MODEL3D, "fbx", "application/octet-stream")),
    (b"ply\n", _Format(Kind.MODEL3D, "ply", "model/ply")),
    (b"ply\r\n", _Format(Kind.MODEL3D, "ply", "model/ply")),
    (b"%PDF-", _Format(Kind.OTHER, "pdf", "application/pdf")),
    (b"PK\x03\x04", _Format(Kind.OTHER, "zip", "application/zip")),
    (b"\x1f\x8b\x08", _Format(Kind.OTHER, "gz", "application/gzip")),
)
#: Bytes 8 to 12 of a RIFF or FORM file.
_IN_RIFF = {
    b"WEBP": _Format(Kind.IMAGE, "webp", "image/webp", containers.riff_whole, pictures.webp_size),
    b"WAVE": _Format(Kind.AUDIO, "wav", "audio/wav", containers.riff_whole),
    b"AVI ": _Format(Kind.VIDEO, "avi", "video/x-msvideo", containers.riff_whole),
}
_IN_IFF = dict.fromkeys((b"AIFF", b"AIFC"), _Format(Kind.AUDIO, "aiff", "audio/aiff", containers.iff_whole))
#: The major brand of an ISO base media file (the MP4 Registration Authority's list); others are MP4.
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), _AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), _HEIC),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), _M4A),
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP"), _M4V),
    b"qt  ": _MOV,
    b"jxl ": _JXL,
}
#: First boxes of QuickTime files from before `ftyp`.
_OLD_MOVIE = {b"moov", b"mdat", b"wide", b"pnot"}
_TEXTS = {
    "html": _Format(Kind.OTHER, "html", "text/html"),
    "svg": _Format(Kind.TEXT, "svg", "image/svg+xml", texts.svg_whole),
    "xml": _Format(Kind.TEXT, "xml", "application/xml"),
    "json": _Format(Kind.TEXT, "json", "application/json"),
    "txt": _Format(Kind.TEXT, "txt", "text/plain"),
}


def inspect(fd: int, size: int) -> Media | None:
    """Tell what the file behind the descriptor `fd`, of `size` bytes, is; None if it is not recognised.

    Reads with os.pread, so the descriptor's offset stays; a file may grow or shrink meanwhile. Raises OSError if
    it can't be read.
    """
    reader = Reader(fd, size)
    head = reader.at(0, _HEAD)
    form = _binary(head)
    if form is None and not _just_begun(head):
        form = _TEXTS.get(texts.text_extension(head, cut=size > len(head)) or "")
    if form is None:
        return None
    try:
        whole = form.whole(reader)
    except TooMuchError:
        whole = None
    try:
        width, height = form.size(reader) or (None, None)
    except TooMuchError:
        width = height = None
    return Media(form.kind, form.extension, form.mime, whole, width, height)


def _binary(head: bytes) -> _Format | None:
    for signature, form in _SIGNATURES:
        if head.startswith(signature):
            return form
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":  # reserved, and so 0
        return _BMP
    return _contained(head) or _raw_sound(head)


def _just_begun(head: bytes) -> bool:
    """Tell whether a file ends before its format can be told, though its first bytes look like a text (`RI`)."""
    starts = (*(signature for signature, _ in _SIGNATURES), b"RIFF", b"FORM", b"OggS", b"BM")
    return len(head) < 12 and any(start.startswith(head) or head.startswith(start) for start in starts)


def _contained(head: bytes) -> _Format | None:
    """Recognise what says inside a general container what it is."""
    if head[:4] in {b"RIFF", b"FORM"}:
        return (_IN_RIFF if head[:4] == b"RIFF" else _IN_IFF).get(head[8:12])
    if head[4:8] == b"ftyp":
        return _branded(head) if len(head) >= 12 else None
    if head[4:8] in _OLD_MOVIE:
        return _MOV
    if head[:4] == b"\x1aE\xdf\xa3":
        return _WEBM if b"webm" in head[:64] else _MKV
    return _of_ogg(head) if head[:4] == b"OggS" else None


def _branded(head: bytes) -> _Format:
    form = _BRANDS.get(head[8:12], _MP4)
    length = int.from_bytes(head[:4], "big")
    if form is _HEIC and b"avif" in head[16:length]:
        return _AVIF  # the general brand, with the true one among the compatible ones
    return form


def _of_ogg(head: bytes) -> _Format:
    if b"\x80theora" in head[:128]:
        return _OGV
    return _OPUS if b"OpusHead" in head[:128] else _OGG


def _raw_sound(head: bytes) -> _Format | None:
    """Recognise a frame header of MPEG sound without a tag before it (ISO/IEC 11172-3, 13818-7)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return _AAC
    layer, version = head[1] >> 1 & 3, head[1] >> 3 & 3
    usable = head[2] >> 4 != 0xF and head[2] >> 2 & 3 != 3
    return _MP3 if layer in {1, 2} and version != 1 and usable else None
