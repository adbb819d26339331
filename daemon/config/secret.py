"""Reads a small file that holds a secret, and refuses it where others than its owner can."""

import os
import stat

from daemon.errors import Fault


def read_secret(
    path: str, where: str, *, what: str, limit: int, private: bool = True
) -> tuple[str | None, list[Fault]]:
    """Give the text of the file at `path` (absolute), or None and what is wrong with it.

    `where` is the key that names the file, `what` it is to hold, in words. With `private` it must be its owner's
    alone. Of a file that is longer than `limit` bytes one more than these is given.
    """
    try:
        # not blocking: a pipe of that name must not hold up the start
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            mode = os.fstat(handle).st_mode
            content = os.read(handle, limit + 1) if stat.S_ISREG(mode) else b""
        finally:
            os.close(handle)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        right = f"let it name a file that this user can read and that holds {what}"
        return None, [Fault(where, f'"{path}" can\'t be read ({reason})', right)]
    if not stat.S_ISREG(mode):
        return None, [Fault(where, f'"{path}" is not a file', f"let it name a file that holds {what}")]
    text = content.decode("utf-8", "replace")
    if private and mode & 0o077:
        return text, [Fault(where, f'others than its owner may use "{path}"', f"chmod 600 {path}")]
    return text, []
