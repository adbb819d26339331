"""News for open pages: what changed, to who listens, and no cost or hindrance by who does not."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from daemon.states import NewJob
from tests.daemon.house import FOLDER, House, house_in
from tests.daemon.samples import picture
from tests.support import wait_for
from tests.web.conftest import WEB
from tests.web.visitor import Visitor, opened


@contextlib.contextmanager
def stream(visitor: Visitor) -> Iterator[http.client.HTTPResponse]:
    """Listen as a page does; gives the answer, to be read line by line."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=20)) as connection:
        connection.request("GET", "/events", headers={**visitor.headers, "Accept": "text/event-stream"})
        yield connection.getresponse()


def until(answer: http.client.HTTPResponse, event: str) -> dict[str, object]:
    """Read to the next event of this name, and give its data."""
    deadline = time.monotonic() + 30  # the stream says now and then that all is well, and would be read for ever
    while (line := answer.readline()) != f"event: {event}\n".encode():
        assert line, "the stream ended"
        assert time.monotonic() < deadline, f"waited in vain for {event}"
    data: dict[str, object] = json.loads(answer.readline().partition(b":")[2])
    return data


def test_who_listens_hears_which_jobs_changed(house: House, visitor: Visitor) -> None:
    with stream(visitor) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        until(answer, "hello")
        job = house.until(house.drop("cat.png", picture()))
        changed: list[object] = []
        while job.id not in changed:
            told = until(answer, "change")["ids"]
            assert isinstance(told, list)
            changed += told


def test_a_closed_gate_is_news_too(house: House, visitor: Visitor) -> None:
    with stream(visitor) as answer:
        until(answer, "hello")
        house.daemon.parts.actions.pause()
        assert until(answer, "change") == {"ids": []}
        house.daemon.parts.actions.resume()


def test_a_pile_is_told_as_many(house: House, visitor: Visitor) -> None:
    new = [
        NewJob(folder=FOLDER, source=f"/nowhere/{number}", identity="1:1:1", size=1, model="m", fault_code="x")
        for number in range(2000)
    ]
    with stream(visitor) as answer:
        until(answer, "hello")
        house.daemon.parts.store.add(new)  # at once, so that no machine is too slow for them to come together
        while until(answer, "change") != {"many": True}:
            pass  # the first few may have been told by themselves


def test_nobody_is_told_when_no_page_is_open(house: House, visitor: Visitor) -> None:
    before = len(house.daemon.events._listeners)
    with stream(visitor) as answer, stream(visitor) as another:
        until(answer, "hello")
        until(another, "hello")
        assert len(house.daemon.events._listeners) == before + 1
    wait_for(lambda: len(house.daemon.events._listeners) == before, 20, "nobody to listen any more")


def test_a_page_too_many_does_without_news(house: House, visitor: Visitor) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            until(stack.enter_context(stream(visitor)), "hello")
        assert visitor.get("/events").status == 503
        assert visitor.get("/api/status").status == 200


def test_a_page_that_does_not_read_hinders_nobody(house: House, visitor: Visitor) -> None:
    with socket.create_connection(("127.0.0.1", visitor.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        lines = ["GET /events HTTP/1.1", f"Host: 127.0.0.1:{visitor.port}", f"Cookie: {visitor.headers['Cookie']}"]
        deaf.sendall("\r\n".join([*lines, "", ""]).encode())
        with stream(visitor) as answer:
            until(answer, "hello")
            house.until(house.drop("dog.png", picture(999)))
            until(answer, "change")


def test_strangers_hear_nothing(stranger: Visitor, visitor: Visitor) -> None:
    assert stranger.get("/events").status == 401
    assert visitor.get("/events", Origin="http://evil.example").status == 403


def test_a_stop_does_not_wait_for_open_pages(tmp_path: Path) -> None:
    with house_in(str(tmp_path)) as own:
        own.start(web=WEB)
        visitor = opened(own.daemon.page)
        visitor.enter(own.daemon.page.ticket())
        with stream(visitor) as answer:
            until(answer, "hello")
            began = time.monotonic()
            own.stop()
            assert time.monotonic() - began < 10  # what a service manager is promised
            assert answer.read() is not None
