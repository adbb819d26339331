"""A person at a terminal: a real pseudo-terminal, what stands on it, and the keys that are pressed."""

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
INTERRUPT = "\x03"


class Terminal:
    """A program that runs in a terminal of its own (pty(7)), which it takes for its controlling one."""

    def __init__(self, command: Sequence[str], cwd: str, environ: Mapping[str, str]) -> None:
        self._own, theirs = os.openpty()
        # setsid --ctty: Ctrl-C reaches the program, and a hidden question is asked at this terminal
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            cwd=cwd,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.shown = ""
        self._read = 0

    def wait_for(self, text: str, timeout: float = 40.0) -> None:
        """Wait until the program has written `text` since it was last waited for."""
        deadline = time.monotonic() + timeout
        while (found := self.shown.find(text, self._read)) < 0:
            assert time.monotonic() < deadline, f"waited in vain for {text!r} in:\n{self.shown}"
            assert self._take(0.1) or self.process.poll() is None, f"it ended without {text!r}:\n{self.shown}"
        self._read = found + len(text)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._own, keys.encode())

    def answer(self, question: str, text: str = "") -> None:
        """Wait for a question, type the answer and press Enter."""
        self.wait_for(question)
        self.type(text + "\r")

    def end(self, timeout: float = 40.0) -> int:
        """Wait for the program's end; give its exit code."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.shown}"
            self._take(0.1)
        while self._take(0.0):
            pass
        return self.process.returncode

    def close(self) -> None:
        """End the program if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._own)

    def _take(self, seconds: float) -> bool:
        """Take what was written; tell whether there was something."""
        if not select.select([self._own], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._own, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += _ESCAPES.sub("", data.decode("utf-8", "replace")).replace("\r", "")
        return bool(data)


@contextmanager
def terminal(command: Sequence[str], cwd: str, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Have a program in a terminal, ended at the end of the block."""
    running = Terminal(command, cwd, environ)
    try:
        yield running
    finally:
        running.close()
