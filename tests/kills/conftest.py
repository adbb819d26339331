"""A field for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.sandbox.server import Sandbox
from tests.kills.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    if shutil.which("strace") is None or os.geteuid() != 0:
        pytest.skip("needs strace, and root to attach it to a process that runs")
    with Sandbox() as sandbox:
        yield Field(os.fspath(tmp_path), sandbox)
