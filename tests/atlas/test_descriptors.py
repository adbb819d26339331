"""A machine that runs out of descriptors while a call is prepared: what was not sent is known as not sent."""

import contextlib
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from daemon.atlas.deadline import Deadline, Watch
from daemon.errors import LocalTrouble, Transient, Unreachable
from tests.atlas.conftest import Connect
from tests.atlas.server import Talk, serving


@contextlib.contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """Let this process open so many more descriptors (setrlimit(2)), however many it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = [os.dup(0) for _ in range(count + 1)]
    for descriptor in free:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(free), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answers_once(talk: Talk) -> None:
    talk.request()
    talk.answer({"id": "p-1", "status": "running"}, 200, "Connection: close")


def test_an_overdue_call_is_cut_off_where_no_descriptor_is_left() -> None:
    ours, theirs = socket.socketpair()
    watch = Watch()
    with ours, theirs, watch.over(Deadline(0.05)) as call:
        call.attach(ours.fileno())
        ours.settimeout(40)
        with descriptors_left(0):
            assert ours.recv(1) == b"", "the deadline ended the wait"
        assert call.cut is not None
    watch.close()


@pytest.mark.parametrize("left", range(6))
def test_a_submit_over_tls_that_finds_no_descriptor_was_not_sent(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """One is the connection, one the watch's, one the server's in this process: each may be the last one."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    with serving(answers_once, tls=certificate) as server:
        client = connect(server.url, patience=3.0)
        client.prediction("p-1")
        with descriptors_left(left):
            try:
                client.submit("image", {})
            except (LocalTrouble, Unreachable, Transient):
                assert len(server.requests) == 1
            else:
                assert len(server.requests) == 2
