"""A sandbox per test, and a client that speaks to it as plainly as can be."""

from collections.abc import Iterator

import pytest

from daemon.sandbox.server import Sandbox
from tests.sandbox.client import Api


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    with Api(sandbox) as client:
        yield client
