"""The key in what the API says: replaced in words that people read, and left where it is only data."""

import logging
import os

import pytest

from daemon.atlas.wire import Phase
from daemon.errors import OutcomeUnknown, Rejected, Transient
from tests.atlas.conftest import KEY, Connect
from tests.atlas.server import opened, says, serving

URL = f"https://files.example/{KEY}/cat.jpg"


def test_a_url_that_holds_the_key_by_chance_is_used_as_it_came(
    connect: Connect, tmp_path: os.PathLike[str]
) -> None:
    with serving(
        says({"data": {"id": f"p-{KEY}", "status": "completed", "outputs": [URL], "download_url": URL}})
    ) as server:
        client = connect(server.url)
        assert client.prediction("p-1").outputs == (URL,)
        assert client.submit("image", {"model": "m"}).prediction_id == f"p-{KEY}"
        with opened(os.path.join(tmp_path, "f"), b"x") as fd:
            assert client.upload(fd, "cat.jpg", 1, "image/jpeg").url == URL


@pytest.mark.parametrize("lead", ["You sent ", "x" * 470 + " ", "x" * 490])
def test_the_words_of_a_prediction_that_failed_are_without_the_key(connect: Connect, lead: str) -> None:
    answer = {"id": "p-1", "status": "failed", "error": f"{lead}{KEY}"}
    with serving(says(answer)) as server:
        found = connect(server.url).prediction("p-1")
    assert found.status is Phase.FAILED
    assert KEY[:8] not in (found.error or "")


def test_an_unknown_status_that_repeats_the_key_is_without_it(connect: Connect) -> None:
    with serving(says({"id": "p-1", "status": f"{'s' * 35} {KEY}"})) as server:
        assert KEY[:8] not in connect(server.url).prediction("p-1").raw_status


@pytest.mark.parametrize("lead", ["", "x" * 490, "x" * 1990])
def test_errors_and_unreadable_answers_are_told_without_the_key(
    connect: Connect, caplog: pytest.LogCaptureFixture, lead: str
) -> None:
    caplog.set_level(logging.DEBUG)
    refused = says({"msg": f"{lead}{KEY}"}, 400, f"X-Request-ID: {KEY}")
    unreadable = says(f"{lead}{KEY}".encode(), 200, f"X-Request-ID: {KEY}")
    with serving(refused) as server, pytest.raises(Rejected) as rejected:
        connect(server.url).submit("image", {})
    with serving(unreadable) as server, pytest.raises(OutcomeUnknown) as unknown:
        connect(server.url).submit("image", {})
    with serving(unreadable) as server, pytest.raises(Transient) as transient:
        connect(server.url).prediction("p-1")
    told = [f"{caught.value} {caught.value.request_id}" for caught in (rejected, unknown, transient)]
    assert KEY[:8] not in "".join([*told, caplog.text])
