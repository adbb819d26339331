"""A sandbox for all tests of a module, and clients for it."""

from collections.abc import Iterator

import pytest

from daemon.atlas.client import Client
from daemon.atlas.exchange import Timeouts
from daemon.clock import Clock
from daemon.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """Give a client with no key: the catalogue needs none."""
    client = Client(sandbox.url, lambda: "", Clock(), timeouts=Timeouts(5, 5, 5, 5))
    yield client
    client.close()
