"""Each fault does on a real connection what it says."""

from typing import Any

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.faults import KINDS, FaultBook, ordered
from daemon.sandbox.misbehaviour import png_bomb
from daemon.sandbox.server import Sandbox
from tests.sandbox.client import Api
from tests.support import wait_for

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture
def output(api: Api) -> str:
    url: str = api.finished(api.submitted(image_url=api.uploaded(JPEG)))["outputs"][0]
    return url


def test_status_strikes_as_often_as_ordered(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("submit", "status", code=503, after=1, count=2, retry_after="7")
    answers = [api.submit() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert len(sandbox.submits()) == 2
    assert [entry.fault for entry in sandbox.journal()] == [None, "status", "status", None]


def test_an_applied_status_hides_a_submit_that_was_charged(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("submit", "status", code=504, html=True, applied=True)
    answer = api.submit()
    assert answer.status_code == 504
    assert answer.headers["Content-Type"].startswith("text/html")
    (entry,) = sandbox.submits()
    assert (entry.status, entry.charged) == (504, 0.01)


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_resets(api: Api, sandbox: Sandbox, kind: str, accepted: int) -> None:
    sandbox.fault("submit", kind)
    with pytest.raises(requests.ConnectionError) as caught:
        api.submit()
    assert "ConnectionResetError" in repr(caught.value)
    assert len(sandbox.submits()) == accepted
    assert sandbox.journal()[-1].status is None


def test_a_reset_in_the_middle_of_an_upload(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("upload", "reset_before", after_bytes=100_000)
    with pytest.raises(requests.ConnectionError):
        api.upload(bytes(30_000_000))
    assert sandbox.uploads_by_sha256() == {}
    assert api.upload(JPEG).status_code == 200


def test_hang_takes_effect_and_answers_late(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("submit", "hang", seconds=0.2)
    assert api.submit().status_code == 200
    sandbox.fault("submit", "hang", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            sandbox.url + "/api/v1/model/generateImage",
            json={"model": "sandbox/echo"},
            headers={"Authorization": "Bearer k"},
            timeout=0.3,
        )
    assert len(wait_for(sandbox.submits)) == 2


@pytest.mark.parametrize("head", [False, True])
def test_a_drip_brings_everything_in_the_end(api: Api, sandbox: Sandbox, head: bool) -> None:
    sandbox.fault("balance", "drip", interval=0.001, head=head)
    assert api.get("/public/v1/balance").json()["available"]["currency"] == "usd"


@pytest.mark.parametrize("kind", ["cut_json", "not_json", "html_200"])
def test_answers_that_are_no_json(api: Api, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault("submit", kind)
    answer = api.submit()
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(sandbox.submits()) == 1


def test_an_answer_of_another_form(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("submit", "other_form")
    assert api.submit().json() == {"result": "ok"}
    sandbox.fault("submit", "other_form", body=[1])
    assert api.submit().json() == [1]


def test_redirects(api: Api, sandbox: Sandbox, output: str) -> None:
    sandbox.fault("download", "redirect", to="file:///etc/passwd", code=307)
    answer = api.download(output)
    assert (answer.status_code, answer.headers["Location"]) == (307, "file:///etc/passwd")


@pytest.mark.parametrize(("kind", "whole"), [("no_length", True), ("chunked", True), ("cut_no_length", False)])
def test_downloads_without_a_length_pass_for_whole(
    api: Api, sandbox: Sandbox, output: str, kind: str, whole: bool
) -> None:
    sandbox.fault("download", kind)
    answer = api.download(output)
    assert "Content-Length" not in answer.headers
    assert answer.content == (JPEG if whole else JPEG[: len(JPEG) // 2])


@pytest.mark.parametrize("kind", ["short", "cut_chunked"])
def test_downloads_that_end_early(api: Api, sandbox: Sandbox, output: str, kind: str) -> None:
    sandbox.fault("download", kind)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.download(output)


def test_a_download_that_is_longer_than_announced(sandbox: Sandbox, output: str) -> None:
    sandbox.fault("download", "long", by=100)
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", output)
        assert answer.headers["Content-Length"] == str(len(JPEG) - 100)


def test_a_page_that_says_it_is_a_picture(api: Api, sandbox: Sandbox, output: str) -> None:
    sandbox.fault("download", "wrong_type")
    answer = api.download(output)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"<!doctype html>")


@pytest.mark.parametrize("announced", [True, False])
def test_a_huge_output(api: Api, sandbox: Sandbox, output: str, announced: bool) -> None:
    sandbox.fault("download", "huge", bytes=5_000_000, announced=announced)
    answer = api.download(output)
    assert len(answer.content) == 5_000_000
    assert ("Content-Length" in answer.headers) is announced
    assert answer.content.startswith(JPEG)


def test_a_bomb_is_small_and_says_it_is_large(api: Api, sandbox: Sandbox, output: str) -> None:
    sandbox.fault("download", "bomb", width=50_000, height=40_000)
    content = api.download(output).content
    assert content == png_bomb(50_000, 40_000)
    assert len(content) < 100_000
    assert content[16:24] == (50_000).to_bytes(4) + (40_000).to_bytes(4)


@pytest.mark.parametrize("code", [403, 404, 410])
def test_an_output_that_is_gone(api: Api, sandbox: Sandbox, output: str, code: int) -> None:
    sandbox.fault("download", "gone", code=code)
    assert [api.download(output).status_code for _ in range(2)] == [code, 200]


def test_faults_of_a_poll(api: Api, sandbox: Sandbox) -> None:
    identity = api.submitted(image_url=api.uploaded(JPEG))

    def polled(kind: str, **options: object) -> dict[str, object]:
        sandbox.fault("poll", kind, **options)  # type: ignore[arg-type]
        view: dict[str, object] = api.poll(identity).json()["data"]
        return view

    failed = polled("prediction_status", error="refused", error_code=1039)
    assert (failed["status"], failed["error"], failed["error_code"]) == ("failed", "refused", 1039)
    assert failed["outputs"] == []
    assert polled("prediction_status", status="dreaming")["status"] == "dreaming"
    assert polled("no_outputs")["outputs"] == []
    single = polled("single_output")
    assert "outputs" not in single
    assert str(single["output"]).startswith("http://")
    assert str(polled("data_uri")["outputs"]).startswith("['data:image/jpeg;base64,")


def test_a_fault_for_one_prediction_only(api: Api, sandbox: Sandbox) -> None:
    lost, well = api.submitted(), api.submitted()
    sandbox.fault("poll", "unknown", count=None, only=lost)
    assert [api.poll(identity).status_code for identity in (lost, well, lost)] == [404, 200, 404]
    sandbox.clear_faults()
    assert api.poll(lost).status_code == 200


def test_a_submit_whose_upload_has_expired(api: Api, sandbox: Sandbox) -> None:
    url = api.uploaded(JPEG)
    sandbox.fault("submit", "upload_expired")
    answer = api.submit(images=[url])
    assert answer.status_code == 400
    assert answer.json()["msg"].startswith("images: the URL of the uploaded file has expired")
    assert sandbox.submits() == []
    ((digest, sent),) = sandbox.submits_by_sha256().items()
    assert (len(digest), len(sent)) == (64, 1)


def test_any_strikes_each_call_it_can(api: Api, sandbox: Sandbox) -> None:
    sandbox.fault("any", "status", count=None, code=502)
    assert [api.submit().status_code, api.get("/api/v1/models").status_code] == [502, 502]


def test_a_hang_does_not_keep_the_sandbox_from_ending() -> None:
    with Sandbox() as sandbox, Api(sandbox) as api:
        sandbox.fault("balance", "hang", seconds=3600)
        with pytest.raises(requests.ReadTimeout):
            api.session.get(sandbox.url + "/public/v1/balance", timeout=0.2)
    # leaving the block is the test: it would wait an hour


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"call": "submit", "kind": "nonsense"}, "kind: one of"),
        ({"call": "submit", "kind": "bomb"}, "call: bomb is for download"),
        ({"call": "submit", "kind": "status", "colour": 1}, "colour: status has no such option"),
    ],
)
def test_a_wrong_order_says_what_is_wrong(order: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ordered(**order)


@given(count=st.integers(0, 5) | st.none(), after=st.integers(0, 5), calls=st.integers(0, 20))
def test_an_order_strikes_exactly_as_often_as_it_says(count: int | None, after: int, calls: int) -> None:
    book = FaultBook()
    if count != 0:
        book.add(ordered("poll", "unknown", count=count, after=after))
    struck = [book.take("poll") is not None for _ in range(calls)]
    most = calls if count is None else count
    assert struck == [after <= index < after + most for index in range(calls)]


@given(st.integers())
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    def run() -> list[bool]:
        book = FaultBook()
        book.add(ordered("any", "status", count=None, probability=0.5, seed=seed))
        return [book.take("upload") is not None for _ in range(30)]

    assert run() == run()


def test_every_kind_can_be_ordered_for_each_of_its_calls() -> None:
    for name, kind in KINDS.items():
        for call in kind.calls:
            assert ordered(call, name).applied is kind.applied
