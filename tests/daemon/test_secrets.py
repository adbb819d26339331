"""The key is written nowhere and sent to nobody but the API, whatever goes wrong and whoever repeats it."""

import base64
import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from daemon.sandbox.server import Sandbox
from daemon.states import State
from tests.daemon.house import KEY, House
from tests.daemon.samples import picture

#: The key as it is, and as a header of HTTP's basic authentication or a data: address would hold it.
SPELLINGS = (KEY.encode(), base64.b64encode(KEY.encode()).rstrip(b"="))
ESCAPED = "".join(f"&#{ord(char)};" for char in KEY)
ECHO = f"You sent Authorization: Bearer {KEY}"

#: What goes wrong with one file each, and where its job then stands: call, kind of fault, its options, state.
TROUBLES: list[tuple[str, str, Mapping[str, Any], State]] = [
    ("upload", "status", {"code": 500, "message": ECHO}, State.DONE),
    ("upload", "status", {"code": 502, "html": True, "message": ECHO}, State.DONE),
    ("upload", "other_form", {"body": {"nothing": ECHO}}, State.DONE),
    ("upload", "status", {"code": 400, "message": ECHO}, State.FAILED),
    ("upload", "status", {"code": 403, "html": True, "message": ESCAPED}, State.FAILED),
    ("upload", "status", {"code": 401, "message": ECHO}, State.DONE),
    ("submit", "status", {"code": 402, "message": ECHO}, State.DONE),
    ("poll", "status", {"code": 503, "message": ECHO, "retry_after": 0}, State.DONE),
    ("submit", "status", {"code": 422, "message": ECHO}, State.FAILED),
    ("poll", "prediction_status", {"status": "failed", "error": ECHO, "error_code": 7}, State.FAILED),
    ("submit", "status", {"code": 500, "html": True, "message": ECHO}, State.HELD),
    ("poll", "redirect", {}, State.DONE),
    ("submit", "other_form", {"body": {"data": {"echo": ECHO}}}, State.HELD),
    ("download", "gone", {}, State.DONE),
    ("submit", "redirect", {}, State.HELD),
    ("download", "redirect", {}, State.DONE),
]


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """Open a second host, to which the first one redirects."""
    with Sandbox() as other:
        yield other


@contextlib.contextmanager
def logging_to(path: str) -> Iterator[None]:
    """Write all that any part logs, at its most talkative, into a file."""
    root, handler = logging.getLogger(), logging.FileHandler(path)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def test_the_key_is_in_nothing_that_was_written_or_sent_elsewhere(house: House, elsewhere: Sandbox) -> None:
    with logging_to(os.path.join(house.base, "log")):
        house.start()
        for number, (call, kind, options, state) in enumerate(TROUBLES):
            to = {"to": f"{elsewhere.url}/there?{number}"} if kind == "redirect" else {}
            house.sandbox.fault(call, kind, **{**options, **to})
            house.hurried(house.drop(f"{number}.png", picture(number)), state)
        status = json.dumps(house.daemon.status())
        assert ECHO.replace(KEY, "[the key]") in status
        assert_no_key("status", status.encode())
        assert_nowhere(house.base)  # the write-ahead log is there while the daemon runs
        house.stop()
    assert_nowhere(house.base)
    assert [entry.call for entry in elsewhere.journal()] == ["other"]  # the download's; API calls go nowhere else
    for entry in [*elsewhere.journal(), *(each for each in house.sandbox.journal() if each.call == "download")]:
        assert_no_key(entry.path, str(entry.raw_headers).encode() + entry.path.encode())
    assert any(entry.headers.get("authorization") == f"Bearer {KEY}" for entry in house.sandbox.journal())


def assert_no_key(what: str, data: bytes) -> None:
    for spelling in SPELLINGS:
        assert spelling not in data, f"{what}: …{data[max(0, data.index(spelling) - 200) :][:300]!r}"


def assert_nowhere(root: str) -> None:
    """Look into every file below `root`, hidden ones among them."""
    names = []
    for directory, _, files in os.walk(root):
        for name in files:
            path = os.path.join(directory, name)
            with contextlib.suppress(OSError), open(path, "rb") as file:  # a socket is no file to read
                assert_no_key(path, file.read())
                names.append(name)
    assert {"jobs.db", "log", "3.png.error.txt", "0.png.json"} <= set(names)
