"""The disk whose power the tests cut keeps what was brought to it and forgets the rest, as a real one does."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.ext4 import Disk, disk_in


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with disk_in(str(tmp_path), megabytes=16) as made:
        yield made


@pytest.fixture
def namespace(disk: Disk) -> Iterator[None]:
    """Keep the disk mounted in a mount namespace of another process."""
    command = ["unshare", "--mount", "sh", "-c", "echo; read -r _"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()  # it has its own mounts now
        yield
        holder.communicate(timeout=10)


def write(path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"some bytes")


def check_a_cut(disk: Disk) -> None:
    for number in range(2):
        write(os.path.join(disk.path, f"kept-{number}"))
        disk.sync()
        write(os.path.join(disk.path, "lost"))
        disk.cut_power()
        with pytest.raises(OSError, match="Input/output error"):
            write(os.path.join(disk.path, "late"))
        disk.power_up()
        there = sorted(name for name in os.listdir(disk.path) if name != "lost+found")
        assert there == [f"kept-{each}" for each in range(number + 1)]
        with open(os.path.join(disk.path, f"kept-{number}"), "rb") as file:
            assert file.read() == b"some bytes"


def test_a_cut_takes_what_was_not_on_the_disk(disk: Disk) -> None:
    check_a_cut(disk)


@pytest.mark.usefixtures("namespace")
def test_a_cut_takes_it_also_where_another_namespace_keeps_the_disk_mounted(disk: Disk) -> None:
    check_a_cut(disk)
