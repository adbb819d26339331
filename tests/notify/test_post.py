"""What waits for an address, and when the summary is due."""

import os
import time
from collections.abc import Iterator

import pytest

from daemon.notify.day import next_at
from daemon.notify.post import MOST, STALE, Post
from daemon.notify.words import Message

NEWS = Message("title", "body", "info")


def test_messages_go_out_in_their_order() -> None:
    post = Post()
    assert post.next() is None
    for number in range(3):
        post.put(Message(str(number), "", "info"), 0.0)
    sent = []
    while (letter := post.due(0.0)) is not None:
        sent.append(letter.message.title)
        assert not post.sent(letter)
    assert sent == ["0", "1", "2"]


def test_a_failure_is_news_once_and_pauses_grow_up_to_a_limit() -> None:
    post, now, pauses = Post(), 0.0, []
    post.put(NEWS, now)
    for tries in range(12):
        letter = post.due(now)
        assert letter is not None
        assert post.failed(now, 0.5) is (tries == 0)
        assert post.due(now) is None
        at = post.next()
        assert at is not None
        pauses.append(at - now)
        now = at
    assert pauses == sorted(pauses)
    assert pauses[0] <= 10.0
    assert pauses[-1] <= 900.0
    letter = post.due(now)
    assert letter is not None
    assert post.sent(letter)
    assert post.next() is None


def test_what_waits_is_bounded_in_number_and_age() -> None:
    post = Post()
    for number in range(MOST + 5):
        post.put(Message(str(number), "", "info"), float(number))
    assert len(post.waiting) == MOST
    letter = post.due(STALE + MOST)
    assert letter is not None
    assert letter.at == float(MOST)


@pytest.fixture
def berlin() -> Iterator[None]:
    """Put this process into a time zone with daylight saving, and back."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    yield
    del os.environ["TZ"]
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def local(*moment: int) -> float:
    return time.mktime((*moment, *([0] * (8 - len(moment))), -1))  # type: ignore[arg-type]


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("after", "at", "due"),
    [
        ((2026, 6, 1, 7, 59), "08:00", (2026, 6, 1, 8, 0)),
        ((2026, 6, 1, 8, 0), "08:00", (2026, 6, 2, 8, 0)),
        ((2026, 12, 31, 23, 0), "00:30", (2027, 1, 1, 0, 30)),
        ((2026, 3, 28, 12, 0), "08:00", (2026, 3, 29, 8, 0)),  # an hour is left out that night
        ((2026, 3, 28, 12, 0), "02:30", (2026, 3, 29, 3, 30)),  # at that time there is none
        ((2026, 10, 24, 12, 0), "08:00", (2026, 10, 25, 8, 0)),  # an hour comes twice
    ],
)
def test_the_summary_comes_at_its_time_by_the_local_clock(
    after: tuple[int, ...], at: str, due: tuple[int, ...]
) -> None:
    assert next_at(local(*after), at) == local(*due)
