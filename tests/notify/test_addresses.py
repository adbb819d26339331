"""The border to Apprise: what it takes, how long it may take, and that it tells no address."""

import io
import logging
from collections.abc import Iterator

import pytest

from daemon.notify.addresses import Address
from daemon.notify.words import Message
from tests.notify.receiver import Receiver, receiving
from tests.support import wait_for

NEWS = Message("37 files failed in <cats> & dogs", "a.jpg: *no* picture\nb.jpg: 2 < 3", "failure")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Collect what reaches the log's handler, at its most talkative; urllib3 is kept short by cli/logs.py too."""
    root, urllib3, stream = logging.getLogger(), logging.getLogger("urllib3"), io.StringIO()
    handler, levels = logging.StreamHandler(stream), (root.level, urllib3.level)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    urllib3.setLevel(logging.WARNING)
    yield stream
    root.setLevel(levels[0])
    urllib3.setLevel(levels[1])
    root.removeHandler(handler)


def test_a_message_arrives_as_it_was_written(receiver: Receiver) -> None:
    address = Address(receiver.url, 1)
    assert address.name == "number 1 (JSON)"
    assert address.send(NEWS)
    got = receiver.got[-1]
    assert (got["title"], got["message"], got["type"]) == (NEWS.title, NEWS.body, "failure")


def test_a_refusal_is_told_and_the_address_is_not(receiver: Receiver, written: io.StringIO) -> None:
    receiver.status = 500
    try:
        assert not Address(receiver.url, 1).send(NEWS)
        assert not Address("json://127.0.0.1:9/token-of-the-tests", 2).send(NEWS)
    finally:
        receiver.status = 200
    assert "token-of-the-tests" not in written.getvalue()


@pytest.mark.parametrize("url", ["nosuchservice://token-of-the-tests", "json://:token-of-the-tests"])
def test_what_apprise_does_not_know_is_refused_without_being_repeated(url: str, written: io.StringIO) -> None:
    with pytest.raises(ValueError, match="number 3") as error:
        Address(url, 3)
    assert "token-of-the-tests" not in str(error.value) + written.getvalue()


def test_a_service_that_does_not_answer_holds_nobody_up(receiver: Receiver) -> None:
    address = Address(receiver.url, 1)
    before = receiver.asked
    receiver.stuck.set()
    try:
        assert not address.send(NEWS, timeout=0.1)
        assert not address.send(NEWS, timeout=0.1)  # the first one is still under way
        assert receiver.asked <= before + 1
    finally:
        receiver.stuck.clear()
    wait_for(lambda: address.send(NEWS), 20, "the service to be asked again")


def test_what_arrived_late_is_not_sent_again(receiver: Receiver) -> None:
    address = Address(f"{receiver.url}?rto=60", 1)  # Apprise itself waits so long for an answer
    before = len(receiver.got)
    receiver.stuck.set()
    try:
        assert not address.send(NEWS, timeout=0.1)
    finally:
        receiver.stuck.clear()
    wait_for(lambda: address.send(NEWS), 20, "the message to have arrived")
    assert len(receiver.got) == before + 1
    assert address.send(NEWS)  # as another one
    assert len(receiver.got) == before + 2
