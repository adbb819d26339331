"""Reading at any place of a file through one window, with a limit on how much of it is read."""

import os
import re

#: What one system call fetches for small reads: most checks end within the first window.
_WINDOW = 16 * 1024
#: Bytes that one inspection may read. A picture of this size without a visible end is left undecided.
_BUDGET = 256 * 1024 * 1024


class TooMuchError(Exception):
    """The file would have to be read too far, or has too many parts, to be judged."""


class Reader:
    """A file of `size` bytes behind the descriptor `fd`, whose offset is neither used nor moved.

    Raises TooMuchError when the budget is used up, OSError as os.pread does.
    """

    def __init__(self, fd: int, size: int) -> None:
        self.size = size
        self._fd = fd
        self._left = _BUDGET
        self._start = 0
        self._window = b""

    def at(self, offset: int, length: int) -> bytes:
        """Give the bytes from `offset`, fewer than `length` where the file ends."""
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        if length > _WINDOW:
            return self._read(offset, length)
        begin = offset - self._start
        if begin < 0 or begin + length > len(self._window):
            self._window = self._read(offset, min(_WINDOW, self.size - offset))
            self._start, begin = offset, 0
        return self._window[begin : begin + length]

    def tail(self, length: int) -> bytes:
        """Give the last `length` bytes, or all if there are fewer."""
        length = min(length, self.size)
        return self.at(self.size - length, length)

    def search(self, pattern: re.Pattern[bytes], start: int) -> tuple[int, bytes] | None:
        """Find `pattern`, which matches two bytes, from `start` on: its place and the bytes, or None."""
        step = 4096
        while start < self.size:
            chunk = self.at(start, step)
            match = pattern.search(chunk)
            if match:
                return start + match.start(), match.group()
            if len(chunk) < step:
                return None
            start += step - 1  # the two bytes may lie on both sides of the border
            step = min(step * 4, 1 << 20)
        return None

    def _read(self, offset: int, length: int) -> bytes:
        self._left -= length
        if self._left < 0:
            raise TooMuchError
        return os.pread(self._fd, length, offset)
