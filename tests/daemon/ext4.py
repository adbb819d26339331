"""A small disk of its own for a test: ext4 in a file, mounted over a loop device, whose power can be cut.

A file system that was shut down stays so until its last mount is gone, and a mount namespace that was made in the
meantime (as a service manager does) keeps one more. So what the disk has after a cut is copied, and the copy is
mounted.
"""

import contextlib
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator

import pytest

#: EXT4_IOC_SHUTDOWN and its flag NOLOGFLUSH (linux/fs/ext4/ext4.h): from here on nothing reaches the disk, and
#: what the journal has not written yet is lost.
_SHUTDOWN, _WITHOUT_FLUSHING = 0x8004587D, 2


class Disk:
    """An ext4 file system in a file whose name begins with `image`, to be mounted at `path`."""

    def __init__(self, image: str, path: str, megabytes: int) -> None:
        self._name = image
        self._cuts = 0
        self.path = path
        with open(self._image, "wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", self._image)
        os.makedirs(path, exist_ok=True)

    @property
    def _image(self) -> str:
        return f"{self._name}-{self._cuts}"

    def mount(self) -> None:
        _run("mount", "-o", "loop", self._image, self.path)

    def cut_power(self) -> None:
        """Let nothing more reach the disk."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)

    def power_up(self) -> None:
        """Mount the disk with what had reached it when its power was cut."""
        self.unmount()
        before = self._image
        self._cuts += 1
        _run("cp", "--sparse=always", before, self._image)
        os.remove(before)
        self.mount()

    def unmount(self) -> None:
        _run("umount", self.path)

    def sync(self) -> None:
        """Bring all that was written so far to the disk."""
        _run("sync", "--file-system", self.path)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def disk_in(base: str, megabytes: int = 200) -> Iterator[Disk]:
    """Make a disk below `base` and mount it; unmounted in the end, if it still is mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = Disk(os.path.join(base, "disk.ext4"), os.path.join(base, "disk"), megabytes)
    disk.mount()
    try:
        yield disk
    finally:
        if os.path.ismount(disk.path):
            disk.unmount()
