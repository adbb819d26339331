"""A table for each test, in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.clock import Clock
from daemon.table.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url, Clock())
    yield store
    store.close()
