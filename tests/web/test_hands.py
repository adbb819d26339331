"""The page's own threads, and what the guard makes of what goes wrong behind it."""

import asyncio
import threading
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from daemon.web.guard import Guard
from daemon.web.hands import Busy, Hands
from daemon.web.keys import Keys

TOKEN = "t" * 43


def test_what_is_raised_comes_back_to_who_asked() -> None:
    async def run() -> None:
        hands = Hands("test", 1, waiting=4)
        assert await hands.run(max, 1, 2) == 2
        with pytest.raises(ZeroDivisionError):
            await hands.run(divmod, 1, 0)
        hands.close()

    asyncio.run(run())


def test_more_than_can_be_done_is_refused_at_once() -> None:
    async def run() -> None:
        hands, begun, free = Hands("test", 1, waiting=1), threading.Event(), threading.Event()

        def hold() -> bool:
            begun.set()
            return free.wait(20)

        first = asyncio.ensure_future(hands.run(hold))
        assert await asyncio.to_thread(begun.wait, 20)
        second = asyncio.ensure_future(hands.run(free.wait, 20))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await hands.run(free.wait, 20)
        free.set()
        assert await first
        assert await second
        hands.close()

    asyncio.run(run())


def answer_of(failure: Exception) -> tuple[int, str]:
    """Ask an application that fails so behind a guard; give status and text."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise failure

    def say(status: int, words: str) -> Response:
        return PlainTextResponse(words, status)

    keys = Keys(TOKEN, lambda: 0.0, lambda: 0.0)
    guard = Guard(fail, keys, names=frozenset({"x"}), cookie="c", public=(), say=say)
    sent: list[Any] = []

    async def run() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        headers = [(b"host", b"x"), (b"authorization", f"Bearer {TOKEN}".encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        await guard(scope, receive, send)

    asyncio.run(run())
    return sent[0]["status"], sent[1]["body"].decode()


def test_a_failure_is_said_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    status, text = answer_of(RuntimeError("inside"))
    assert status == 500
    assert "inside" not in text
    assert "inside" in caplog.text  # the log has it


def test_too_much_to_do_is_said() -> None:
    assert answer_of(Busy())[0] == 503
