"""Makes small pictures, in a process of its own that may use little: `python -m daemon.web.painter FD`.

Pictures come from strangers. To unpack one takes memory as its header demands, and trusts a decoder with hostile
bytes; neither may happen in the process that guards money. So this one is given open files one by one over a Unix
socket, knows no path, no table and no key, and can be killed at any time.
"""

import contextlib
import os
import resource
import socket
import sys
import warnings

#: Pixels on the longer side of a small picture.
SIDE = 480
#: Pixels that are unpacked at most, and that a picture may have: of a JPEG, every eighth can be had alone.
_PIXELS, _LARGEST = 80_000_000, 300_000_000
_MEMORY = 1500 << 20  # bytes of address space
_SECONDS = 600  # of computing, over this process' life
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "MPO")
FINE, FAILED = b"+", b"-"


def main() -> None:
    """Answer each pair of descriptors (a picture, and where its small one goes) with one byte, until the end."""
    _stand_back()
    with socket.socket(fileno=int(sys.argv[1])) as peer:
        while True:
            message, descriptors, _, _ = socket.recv_fds(peer, 1, 2)
            if not message:
                return
            try:
                peer.sendall(FINE if _made(*descriptors) else FAILED)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)


def _stand_back() -> None:
    """Let everything else on the machine go first, and take no more than a picture needs."""
    # A hardened service may not even lower its limits (SystemCallFilter=~@resources): pixels are counted always.
    for limit, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (most, most))
    with contextlib.suppress(OSError):
        os.nice(10)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("900")  # proc(5): where memory is short, this process goes first


def _made(source: int, target: int) -> bool:
    """Make one small picture; tell whether that could be done."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = _LARGEST
    try:
        with warnings.catch_warnings(), open(source, "rb", closefd=False) as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as opened:
                opened.draft("RGB", (SIDE, SIDE))
                if opened.width * opened.height > _PIXELS:
                    return False
                picture: Image.Image = opened
                picture.thumbnail((SIDE, SIDE), reducing_gap=2.0)
                picture = ImageOps.exif_transpose(picture)
                has_alpha = picture.has_transparency_data
                with open(target, "wb", closefd=False) as out:
                    picture.convert("RGBA" if has_alpha else "RGB").save(out, "WEBP", quality=80, method=2)
    except Exception:  # noqa: BLE001 - whatever a decoder raises at hostile bytes, there is no small picture
        return False
    return True


if __name__ == "__main__":
    main()
