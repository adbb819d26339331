"""A house for each test."""

import os
from collections.abc import Iterator

import pytest

from daemon.sandbox.server import Sandbox
from tests.cli.house import House


@pytest.fixture
def house(tmp_path: os.PathLike[str]) -> Iterator[House]:
    with Sandbox() as sandbox:
        yield House(os.fspath(tmp_path), sandbox)
