"""A house per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.house import House, house_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(str(tmp_path)) as opened:
        yield opened
