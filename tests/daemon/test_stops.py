"""A stop is over in time, whatever the calls under way wait for."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from daemon.service import service
from tests.daemon.house import House


@contextlib.contextmanager
def name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have the system's look-up of names wait until the end; give what is set once somebody waits."""
    asked, over = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def hang(*args: Any, **values: Any) -> Any:
        asked.set()
        over.wait(20)
        return real(*args, **values)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", hang)
        try:
            yield asked
        finally:
            over.set()


def test_a_probe_that_waits_for_a_name_server_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "_STOP_SECONDS", 0.5)
    house.start()
    daemon, house.service = house.daemon, None
    with name_server_that_hangs(monkeypatch) as asked:
        daemon.parts.gates.close("unreachable", "no answer", now=daemon.clock.now())
        daemon.parts.gates.probe_now(daemon.clock.now())
        daemon.parts.scheduler.later(daemon.clock.now())
        assert asked.wait(10)
        began = time.monotonic()
        assert not daemon.stop()
        assert time.monotonic() - began < 10.0
    assert "did not end in time" in caplog.text
