"""While a call waits for its bytes, other threads have the turn: over TLS too, where a socket may say else."""

import threading
import time

import pytest

from daemon import turns
from tests.atlas.conftest import Connect
from tests.atlas.server import Script, Talk, serving
from tests.support import wait_for

BODY = b'{"available":{"value":"1.5","currency":"usd"}}'
HEAD = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(BODY)
LARGE = b"x" * 40_000


def stays_free(turn: turns.Turn) -> bool:
    """Tell whether nobody has the turn for a while: between two reads it is free for a moment only."""
    until = time.monotonic() + 0.1
    while turn.is_free():
        if time.monotonic() > until:
            return True
    return False


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("kind", ["answer", "result"])
def test_who_waits_for_bytes_has_no_turn(
    connect: Connect, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch, encrypted: bool, kind: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])
    silent, goes_on = threading.Event(), threading.Event()

    def pause() -> None:
        silent.set()
        assert goes_on.wait(10)

    def answers_late(talk: Talk) -> None:
        talk.request()
        pause()
        talk.send(HEAD + BODY)

    def ends_late(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % (len(LARGE) + 1) + LARGE)
        pause()
        talk.send(b"x")

    script: Script = answers_late if kind == "answer" else ends_late
    turn = turns.Turn(longest=60.0)
    with serving(script, tls=certificate if encrypted else None) as server:
        client = connect(server.url)

        def call() -> None:
            with turns.mine(turn):
                if kind == "answer":
                    client.balance()
                else:
                    client.download(f"{server.url}/x", lambda _: None, 1_000_000)

        caller = threading.Thread(target=call)
        caller.start()
        assert silent.wait(10)
        try:
            wait_for(lambda: stays_free(turn), 10, "the turn to be given away")
        finally:
            goes_on.set()
            caller.join(10)
    assert turn.is_free()
