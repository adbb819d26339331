"""What bytes are, by their first bytes: all that the sandbox needs to label an output.

The daemon has a stricter reader of its own; a stand-in that shared it would share its mistakes.
"""

#: Enough first bytes to tell every format below.
HEAD_BYTES = 16

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (0, b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (0, b"GIF8", "image/gif", "gif"),
    (0, b"BM", "image/bmp", "bmp"),
    (0, b"II*\x00", "image/tiff", "tif"),
    (0, b"MM\x00*", "image/tiff", "tif"),
    (8, b"WEBP", "image/webp", "webp"),
    (8, b"WAVE", "audio/wav", "wav"),
    (8, b"AVI ", "video/x-msvideo", "avi"),
    (4, b"ftypavif", "image/avif", "avif"),
    (4, b"ftypqt", "video/quicktime", "mov"),
    (4, b"ftypM4A", "audio/mp4", "m4a"),
    (4, b"ftyp", "video/mp4", "mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm", "webm"),
    (0, b"ID3", "audio/mpeg", "mp3"),
    (0, b"\xff\xfb", "audio/mpeg", "mp3"),
    (0, b"fLaC", "audio/flac", "flac"),
    (0, b"OggS", "audio/ogg", "ogg"),
)


def sniff(head: bytes) -> tuple[str, str]:
    """Give (media type, extension without dot) of a file that begins with `head` (HEAD_BYTES or more)."""
    for offset, magic, media_type, extension in _MAGIC:
        if head.startswith(magic, offset):
            return media_type, extension
    return "application/octet-stream", "bin"
