"""A machine to install services on, one for each module of tests."""

import os
from collections.abc import Iterator

import pytest

from tests.systemd.machine import Machine, why_not


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot a machine; where none can be had, skip the test and say why."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with Machine(os.fspath(tmp_path_factory.mktemp("machine"))) as booted:
        yield booted
