"""Calls that break: what is proven not sent, what may pass, and what nobody knows."""

import contextlib
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon.atlas.client import Client
from daemon.errors import LocalTrouble, OutcomeUnknown, RateLimited, StageError, Transient, Unreachable
from tests.atlas.conftest import Connect
from tests.atlas.server import Script, Talk, opened, says, serving
from tests.support import wait_for

SUBMITTED = {"id": "p-1"}


def poll(client: Client) -> object:
    return client.prediction("p-1")


def submit(client: Client) -> object:
    return client.submit("image", {"model": "m"})


def closes(talk: Talk) -> None:
    talk.request()


def resets(talk: Talk) -> None:
    talk.request()
    talk.reset()


def drips_headers(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    talk.drip()


def drips_body(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    talk.drip()


def drips_body_of_no_length(talk: Talk) -> None:
    talk.request()
    talk.send(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"id": "p-1", "status": "running"}')
    talk.drip(b" ")


def drips_chunk_length(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.drip(b"0")


def cuts_body(talk: Talk) -> None:
    talk.request()
    talk.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id": "p-1"')


def cuts_chunk(talk: Talk) -> None:
    talk.request()
    talk.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"id": "p-1"')


def talks_nonsense(talk: Talk) -> None:
    talk.request()
    talk.send(b"SSH-2.0-OpenSSH\r\n\r\n")


def hangs(talk: Talk) -> None:
    talk.request()
    talk.hang()


BROKEN: list[Script] = [
    closes,
    resets,
    drips_headers,
    drips_body,
    drips_body_of_no_length,
    drips_chunk_length,
    cuts_body,
    cuts_chunk,
    talks_nonsense,
    hangs,
    says(b'{"code": 200, "data": {"id"'),
    says(b"<html>all is well</html>", 200),
    says([]),
    says({"code": 200, "data": None}),
    says(b"", 204),
    says(b"<html><title>Bad gateway</title></html>", 502, "Content-Type: text/html"),
    says({"code": 500}, 500),
    says({}, 504),
    says({}, 408),
    says({}, 409),
]


def test_a_short_answer_that_is_cut_off_is_told_as_that(connect: Connect) -> None:
    def hangs(talk: Talk) -> None:
        cuts_body(talk)
        talk.hang()

    with serving(cuts_body) as server, pytest.raises(Transient, match="broke off"):
        connect(server.url).balance()
    with serving(hangs) as server, pytest.raises(OutcomeUnknown, match=r"broke off \(no end within 0\.5 s"):
        connect(server.url, patience=0.5).submit("image", {})


@pytest.mark.parametrize("script", BROKEN)
def test_what_was_sent_and_not_answered_is_unknown_for_a_submit_and_may_pass_for_a_poll(
    connect: Connect, script: Script
) -> None:
    with serving(script) as server:
        client = connect(server.url, patience=1.0)
        with pytest.raises(OutcomeUnknown) as unknown:
            submit(client)
        with pytest.raises(Transient) as transient:
            poll(client)
    assert type(transient.value) is Transient
    assert "attach" in str(unknown.value)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_may_follow_a_submit_leaves_it_unknown(connect: Connect, status: int) -> None:
    with serving(says({}, status, "Location: /there")) as server, pytest.raises(OutcomeUnknown):
        submit(connect(server.url))
    assert len(server.requests) == 1


def test_a_redirect_that_asks_for_the_same_request_elsewhere_was_not_accepted(connect: Connect) -> None:
    with serving(says({}, 307, "Location: /there")) as server, pytest.raises(Transient):
        submit(connect(server.url))
    assert len(server.requests) == 1


def test_the_endless_body_of_an_error_is_not_awaited(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\n")
        talk.drip(b"x" * 100_000)

    with serving(script) as server, pytest.raises(RateLimited) as caught:
        submit(connect(server.url))
    assert caught.value.after == 7


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("call", [poll, submit])
def test_nobody_there_proves_that_nothing_was_sent(connect: Connect, call: Callable[[Client], object]) -> None:
    for url in (f"http://127.0.0.1:{free_port()}", "http://no-such-host.invalid"):
        with pytest.raises(Unreachable):
            call(connect(url))


def test_a_machine_short_of_descriptors_blames_itself(connect: Connect) -> None:
    with serving(says(SUBMITTED)) as server:
        client = connect(server.url)
        with no_more_descriptors(), pytest.raises(LocalTrouble):
            submit(client)
        assert server.requests == []
        submit(client)


def test_idle_connections_make_room_where_descriptors_are_short(connect: Connect) -> None:
    with serving(says({"id": "p-1", "status": "running"})) as server, ThreadPoolExecutor(6) as threads:
        client = connect(server.url)
        together = threading.Barrier(6)
        for asked in [threads.submit(lambda: (together.wait(10), poll(client))) for _ in range(6)]:
            asked.result()
        assert server.connections == 6
        with no_more_descriptors():
            poll(client)
        assert server.connections == 7


@contextlib.contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Let this process open nothing more (setrlimit(2)), but in place of what it has open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        # The limit is one on numbers, so no lower one may be free: what is closed later has to be below it.
        highest = max(map(int, os.listdir("/proc/self/fd")))
        while (filler := os.dup(0)) <= highest:
            stack.callback(os.close, filler)
        os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (filler, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_submit_does_not_trust_a_connection_that_died_meanwhile(connect: Connect) -> None:
    hung_up = threading.Event()

    def once(talk: Talk) -> None:
        talk.request()
        talk.answer({"id": "p-1", "status": "running"})
        talk.sock.close()
        hung_up.set()

    with serving(once, says(SUBMITTED)) as server:
        client = connect(server.url)
        poll(client)
        assert hung_up.wait(10)
        submit(client)
    assert server.connections == 2
    assert len(server.requests) == 2


def test_a_submit_uses_a_connection_of_just_now_and_no_older_one(connect: Connect) -> None:
    with serving(says({"id": "p-1", "status": "running"})) as server:
        client = connect(server.url)
        poll(client)
        submit(client)
        assert server.connections == 1
        used = time.monotonic()
        wait_for(lambda: time.monotonic() > used + 1.05)
        poll(client)
        assert server.connections == 1
        used = time.monotonic()
        wait_for(lambda: time.monotonic() > used + 1.05)
        submit(client)
        assert server.connections == 2


def test_an_upload_that_is_not_taken_in_ends(tmp_path: os.PathLike[str], connect: Connect) -> None:
    size = 50_000_000
    with serving(Talk.hang) as server, opened(os.path.join(tmp_path, "f"), b"") as fd:
        os.truncate(os.path.join(tmp_path, "f"), size)
        with pytest.raises(Transient):
            connect(server.url, patience=0.5).upload(fd, "f.mp4", size, "video/mp4")


def test_an_upload_that_is_refused_before_its_end_says_why(tmp_path: os.PathLike[str], connect: Connect) -> None:
    def script(talk: Talk) -> None:
        talk.sock.recv(1000)
        talk.answer({"code": 413, "msg": "too big"}, 413, "Connection: close")
        talk.hang()

    size = 50_000_000
    with serving(script) as server, opened(os.path.join(tmp_path, "f"), b"") as fd:
        os.truncate(os.path.join(tmp_path, "f"), size)
        with pytest.raises(StageError):  # the answer, where it comes through before the reset, else Transient
            connect(server.url, patience=0.5).upload(fd, "f.mp4", size, "video/mp4")


def test_stopping_cuts_off_what_may_be_repeated_and_leaves_submits_alone(connect: Connect) -> None:
    may_answer = threading.Event()

    def script(talk: Talk) -> None:
        if talk.request().startswith(b"POST"):
            may_answer.wait(20)
            talk.answer(SUBMITTED)
        else:
            talk.hang()

    outcomes: dict[str, object] = {}

    def run(call: Callable[[Client], object], client: Client) -> None:
        try:
            outcomes[call.__name__] = call(client)
        except StageError as error:
            outcomes[call.__name__] = error

    with serving(script) as server:
        client = connect(server.url)
        threads = [threading.Thread(target=run, args=(call, client)) for call in (poll, submit)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(server.requests) == 2)
        client.interrupt()
        threads[0].join()
        assert list(outcomes) == ["poll"]
        may_answer.set()
        threads[1].join()
    assert type(outcomes["poll"]) is Transient
    assert not isinstance(outcomes["submit"], StageError)


def test_stopping_for_good_leaves_a_submit_unknown(connect: Connect) -> None:
    with serving(hangs) as server:
        client = connect(server.url)
        caught: list[BaseException] = []

        def run() -> None:
            try:
                submit(client)
            except StageError as error:
                caught.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_for(lambda: server.requests)
        client.interrupt(submits=True)
        thread.join()
    assert isinstance(caught[0], OutcomeUnknown)
