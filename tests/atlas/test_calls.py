"""Each call against a server that behaves: what goes over the wire, and what comes of the answer."""

import datetime as dt
import gzip
import hashlib
import json
import logging
import math
import os
import tracemalloc
from decimal import Decimal

import pytest

from daemon.atlas.wire import Phase
from daemon.errors import Blocked, OutcomeUnknown, PredictionUnready, Rejected, SourceChanged, Transient
from tests.atlas.conftest import KEY, Connect
from tests.atlas.server import Talk, opened, says, serving

UPLOADED = {"code": 200, "data": {"download_url": "https://files.example/cat.jpg"}}


def test_an_upload_is_one_multipart_file_and_its_hash_is_that_of_the_bytes_sent(
    tmp_path: os.PathLike[str], connect: Connect
) -> None:
    content = os.urandom(300_000)
    with serving(says(UPLOADED)) as server, opened(os.path.join(tmp_path, "f"), content) as fd:
        upload = connect(server.url).upload(fd, 'odd "\n\udcff cat.JPG', len(content), "image/jpeg")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert upload.url == "https://files.example/cat.jpg"
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert upload.request_id == "req-1"
    assert head.startswith(b"POST /api/v1/model/uploadMedia HTTP/1.1")
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert f"Content-Length: {len(body)}".encode() in head
    part, _, rest = body.partition(b"\r\n\r\n")
    assert b'form-data; name="file"; filename="odd_cat.JPG"\r\nContent-Type: image/jpeg' in part
    assert rest[: len(content)] == content
    boundary = head.split(b"boundary=")[1].split(b"\r\n")[0]
    assert rest[len(content) :] == b"\r\n--" + boundary + b"--\r\n"


@pytest.mark.parametrize("times", [1, 3000, 1_000_000])
def test_an_answer_that_comes_compressed_though_unasked_is_read(connect: Connect, times: int) -> None:
    answer = {"data": {"status": "completed", "outputs": ["https://files.example/cat.png"], "logs": "x" * times}}
    packed = gzip.compress(json.dumps(answer).encode())
    with serving(says(packed, 200, "content-encoding: gzip")) as server:
        assert connect(server.url).prediction("p-1").outputs == ("https://files.example/cat.png",)
        assert b"Accept-Encoding: identity" in server.requests[0]


@pytest.mark.parametrize("kept", [0, 10, -1])
def test_a_compressed_answer_that_is_cut_short_is_no_answer(connect: Connect, kept: int) -> None:
    packed = gzip.compress(json.dumps({"data": {"id": "p-1"}}).encode())

    def script(talk: Talk) -> None:
        talk.request()
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        talk.send(head.encode() + packed[:kept])

    with serving(script) as server, pytest.raises(OutcomeUnknown):
        connect(server.url).submit("image", {})


@pytest.mark.parametrize("size", [0, 70_000])
def test_what_is_at_hand_is_sent_and_the_file_is_not_read(
    tmp_path: os.PathLike[str], connect: Connect, size: int
) -> None:
    content = os.urandom(size)
    with serving(says(UPLOADED)) as server, opened(os.path.join(tmp_path, "f"), b"another") as fd:
        upload = connect(server.url).upload(fd, "cat.jpg", size, "image/jpeg", content)
        body = server.requests[0].partition(b"\r\n\r\n")[2]
    assert upload.sha256 is None
    assert body.partition(b"\r\n\r\n")[2].startswith(content + b"\r\n--")


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_file_of_another_size_is_never_uploaded_whole(
    tmp_path: os.PathLike[str], connect: Connect, wrong: int
) -> None:
    content = os.urandom(200_000)
    path = os.path.join(tmp_path, "f")
    with serving(says(UPLOADED)) as server, opened(path, content) as fd, pytest.raises(SourceChanged):
        connect(server.url).upload(fd, "cat.jpg", len(content) + wrong, "image/jpeg")
    assert server.requests == []


def test_memory_does_not_grow_with_an_upload(tmp_path: os.PathLike[str], connect: Connect) -> None:
    size = 200_000_000

    def script(talk: Talk) -> None:
        talk.request(keep_body=False)
        talk.answer(UPLOADED)

    with serving(script) as server, opened(os.path.join(tmp_path, "f"), b"") as fd:
        os.truncate(os.path.join(tmp_path, "f"), size)
        client = connect(server.url)
        tracemalloc.start()
        try:
            client.upload(fd, "film.mp4", size, "video/mp4")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 200, "data": {"id": "p-1", "status": "created", "urls": {"get": "https://x/p-1"}}},
        {"code": "200", "data": {"id": "p-1"}},
        {"predictionId": "p-1"},
        {"id": "p-1", "status": "queued"},
    ],
)
def test_every_form_of_an_accepted_submit(connect: Connect, answer: object) -> None:
    with serving(says(answer)) as server:
        submitted = connect(server.url).submit("video", {"model": "m", "prompt": "Öl ☃"})
    assert (submitted.prediction_id, submitted.status, submitted.request_id) == ("p-1", Phase.RUNNING, "req-1")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/model/generateVideo HTTP/1.1")
    assert json.loads(body) == {"model": "m", "prompt": "Öl ☃"}


@pytest.mark.parametrize("value", [math.nan, dt.date(2027, 1, 1)])
def test_what_json_cannot_hold_is_refused_before_anything_is_sent(connect: Connect, value: object) -> None:
    with serving(says({"id": "p-1"})) as server, pytest.raises(Rejected):
        connect(server.url).submit("image", {"seed": value})
    assert server.connections == 0


def test_a_prediction_is_asked_for_under_its_quoted_id(connect: Connect) -> None:
    done = {"code": 200, "data": {"id": "a/b?c", "status": "completed", "outputs": ["https://x/1.png"]}}
    with serving(says(done)) as server:
        prediction = connect(server.url).prediction("a/b?c")
    assert server.requests[0].startswith(b"GET /api/v1/model/prediction/a%2Fb%3Fc HTTP/1.1")
    assert (prediction.status, prediction.outputs) == (Phase.SUCCEEDED, ("https://x/1.png",))


def test_a_prediction_that_only_the_other_path_knows_is_found_there(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        while True:
            known = b"/model/result/p" in talk.request()
            talk.answer({"id": "p", "status": "running"} if known else {"code": 404}, 200 if known else 404)

    with serving(script) as server:
        assert connect(server.url).prediction("p").raw_status == "running"


@pytest.mark.parametrize("status", [400, 404])
def test_a_prediction_that_is_not_known_yet(connect: Connect, status: int) -> None:
    with serving(says({"code": status, "msg": "not found"}, status)) as server, pytest.raises(PredictionUnready):
        connect(server.url).prediction("p")


def test_balance_models_and_schema(connect: Connect) -> None:
    def script(talk: Talk) -> None:
        answers: dict[bytes, object] = {
            b"/public/v1/balance": {"available": {"value": "125.500000", "currency": "usd"}},
            b"/api/v1/models": {"code": "200", "data": [{"model": "m", "type": "Image", "schema": "https://x/s"}]},
            b"/s": {"components": {"schemas": {"Input": {"properties": {"image": {"type": "string"}}}}}},
        }
        while True:
            talk.answer(answers[talk.request().split(b" ")[1]])

    with serving(script) as server:
        client = connect(server.url)
        assert client.balance().available == Decimal("125.5")
        assert [model.id for model in client.models()] == ["m"]
        assert list(client.schema(f"{server.url}/s").properties) == ["image"]
    with_key = [b"Authorization" in request for request in server.requests]
    assert with_key == [True, False, False]


def test_an_error_in_the_envelope_of_a_success_counts(connect: Connect) -> None:
    refused = {"code": 401, "msg": "unauthorized", "data": None}
    with serving(says(refused)) as server, pytest.raises(Blocked) as caught:
        connect(server.url).submit("image", {})
    assert caught.value.code == "key"


def test_an_id_is_never_lost_to_a_strange_code(connect: Connect) -> None:
    with serving(says({"code": 500, "data": {"id": "p-9"}})) as server:
        assert connect(server.url).submit("image", {}).prediction_id == "p-9"


def test_redirects_of_the_api_are_not_followed(connect: Connect) -> None:
    with serving(says({}, 302, "Location: /elsewhere")) as server, pytest.raises(Transient, match="base_url"):
        connect(server.url).balance()
    assert len(server.requests) == 1


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel"])
def test_without_a_usable_key_nothing_is_sent(connect: Connect, key: str) -> None:
    with serving(says({})) as server, pytest.raises(Blocked) as caught:
        connect(server.url, key=key).submit("image", {})
    assert caught.value.code == "key"
    assert server.connections == 0


def test_the_key_is_in_no_log_line_no_message_and_no_repr(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(says({"code": 500, "msg": "no"}, 500)) as server:
        client = connect(server.url)
        with pytest.raises(Transient) as caught:
            client.balance()
    assert "req-1" in caplog.text
    assert caught.value.request_id == "req-1"
    for text in (caplog.text, str(caught.value), repr(caught.value), repr(client), repr(vars(client))):
        assert "secret" not in text


def test_cookies_and_netrc_are_not_used(
    tmp_path: os.PathLike[str], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = os.path.join(tmp_path, ".netrc")
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login somebody password else\n")
    os.chmod(netrc, 0o600)
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    monkeypatch.setenv("NETRC", netrc)
    with serving(says({"data": []}, 200, "Set-Cookie: a=b")) as server:
        client = connect(server.url)
        client.models()
        client.models()
    for request in server.requests:
        assert b"Authorization" not in request
        assert b"Cookie" not in request
