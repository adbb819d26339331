"""The kinds of media, what an inspection finds, and which extension belongs to which media type."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file is to people."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    MODEL3D = "3D model"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Media:
    """What an inspection found.

    `extension` has no dot. `whole`: True or False where the format shows its own end, None where it does not or
    where finding out would cost too much. Width and height are pixels as the file states them, None where that
    is not cheap to read.
    """

    kind: Kind
    extension: str
    mime: str
    whole: bool | None
    width: int | None = None
    height: int | None = None


#: Media types as the IANA registry and common servers spell them; the first of an extension is the usual one.
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/pjpeg": "jpg",
    "image/png": "png",
    "image/apng": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/heif": "heic",
    "image/bmp": "bmp",
    "image/x-ms-bmp": "bmp",
    "image/tiff": "tif",
    "image/jxl": "jxl",
    "image/svg+xml": "svg",
    "image/vnd.adobe.photoshop": "psd",
    "video/mp4": "mp4",
    "video/x-m4v": "m4v",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/ogg": "ogv",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/aiff": "aiff",
    "audio/x-aiff": "aiff",
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/obj": "obj",
    "model/stl": "stl",
    "model/ply": "ply",
    "model/vnd.usdz+zip": "usdz",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/plain": "txt",
    "text/html": "html",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/gzip": "gz",
}


def extension_for_mime(mime: str) -> str | None:
    """Give the extension (without a dot) for a media type, parameters ignored; None for an unknown one."""
    return _EXTENSIONS.get(mime.partition(";")[0].strip().lower())
