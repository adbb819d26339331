"""The calls of the API, in their forms, with their refusals."""

import base64
import hashlib
import resource
from collections.abc import Iterator
from typing import Any

import pytest

from daemon.sandbox.server import Sandbox
from tests.sandbox.client import Api

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


def test_echo_gives_back_what_was_uploaded(api: Api, sandbox: Sandbox) -> None:
    assert api.result(image_url=api.uploaded(JPEG)) == JPEG
    (entry,) = sandbox.submits()
    assert entry.uploads == (hashlib.sha256(JPEG).hexdigest(),)
    assert sandbox.uploads_by_sha256() == {hashlib.sha256(JPEG).hexdigest(): 1}
    assert [sandbox.count(call) for call in ("upload", "submit", "poll", "download")] == [1, 1, 1, 1]


@pytest.mark.parametrize("kind", ["Image", "Video", "Audio"])
def test_echo_is_served_by_every_generate_call(api: Api, kind: str) -> None:
    assert api.result(kind, image_url=api.uploaded(JPEG)) == JPEG


def test_answers_in_envelopes(api: Api) -> None:
    upload = api.upload(JPEG, "a b.jpg").json()
    assert upload["code"] == 200
    assert upload["data"]["type"] == "image"
    assert (upload["data"]["filename"], upload["data"]["size"]) == ("a b.jpg", len(JPEG))
    submit = api.submit(image_url=upload["data"]["download_url"]).json()["data"]
    assert submit["status"] == "created"
    view = api.session.get(submit["urls"]["get"], timeout=20).json()["data"]
    assert (view["id"], view["status"], view["error_code"]) == (submit["id"], "completed", 0)
    assert api.get(f"/api/v1/model/result/{submit['id']}").json()["data"]["outputs"] == view["outputs"]


def test_answers_without_envelope(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(form="bare")
    url = api.upload(JPEG).json()["download_url"]
    submit = api.submit(image_url=url).json()
    assert set(submit) == {"id", "status"}
    assert api.poll(submit["id"]).json()["status"] == "completed"


def test_answers_as_in_the_upload_page(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(form="seed")
    url = api.upload(JPEG).json()["url"]
    submit = api.submit(image_url=url).json()
    assert set(submit) == {"predictionId"}
    assert api.poll(submit["predictionId"]).json()["status"] == "completed"


def test_a_key_is_needed(sandbox: Sandbox) -> None:
    with Api(sandbox, key=None) as nobody:
        answer = nobody.upload(JPEG)
        assert answer.status_code == 401
        assert answer.json()["msg"] == "unauthorized"
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
        assert nobody.get("/public/v1/balance").json()["error"]["type"] == "authentication_error"
        assert nobody.get("/api/v1/models").status_code == 200


def test_only_the_right_keys_where_they_are_set(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(keys=["apikey-other"])
    assert api.submit().status_code == 401
    sandbox.set(keys=["apikey-test"])
    assert api.submit().status_code == 200


def test_a_wrong_path_answers_401(api: Api) -> None:
    assert api.get("/api/v1/model/predictions/1").status_code == 401


def test_every_answer_has_a_request_id(api: Api) -> None:
    paths = ("/api/v1/models", "/public/v1/balance", "/nowhere", "/api/v1/model/prediction/none")
    identities = [api.get(path).headers["X-Request-ID"] for path in paths]
    assert len(set(identities)) == len(paths)


def test_money_is_spent_until_it_is_gone(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(balance=0.09)
    for _ in range(3):
        assert api.submit(num_outputs=3).status_code == 200
    refused = api.submit()
    assert (refused.status_code, refused.json()["msg"]) == (402, "insufficient balance")
    assert [entry.charged for entry in sandbox.journal() if entry.call == "submit"] == [0.03, 0.03, 0.03, 0.0]
    assert api.get("/public/v1/balance").json()["available"] == {"value": "0.000000", "currency": "usd"}
    asked = "/public/v1/model-costs?start_date=2020-01-01&end_date=2999-01-01&group_by[]=model"
    (bucket,) = api.get(asked).json()["data"]
    (row,) = bucket["results"]
    assert (row["model"]["name"], row["amount"]["value"]) == ("sandbox/echo", "0.090000")
    assert len(sandbox.submits()) == 3


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "nobody/nothing"}, 404, "model not found"),
        ({"model": "google/nano-banana-2/edit", "prompt": "oil"}, 400, "images is required"),
        ({"model": "google/nano-banana-2/text-to-image", "prompt": "x", "size": 3}, 400, "size is not a field"),
        ({"model": "google/nano-banana-2/text-to-image", "prompt": "x", "n": 99}, 400, "n must be at most 8"),
        ({"model": "google/nano-banana-2/text-to-image", "prompt": "x", "n": True}, 400, "n must be of type"),
        (
            {"model": "google/nano-banana-2/text-to-image", "prompt": "x", "aspect_ratio": "7:1"},
            400,
            "aspect_ratio must be one of",
        ),
        ({"model": "minimax/music-2.0/text-to-audio", "prompt": "x"}, 400, "model: "),
        ({"image_url": "https://example.com/cat.jpg"}, 400, "image_url: the file can't be downloaded"),
        ({"images": ["nothing"]}, 400, "images: the file can't be downloaded"),
    ],
)
def test_a_refusal_names_its_reason(
    api: Api, sandbox: Sandbox, body: dict[str, Any], status: int, words: str
) -> None:
    answer = api.submit(**body)
    assert answer.status_code == status
    assert answer.json()["msg"].startswith(words)
    assert sandbox.submits() == []
    assert sandbox.balance == 1000


def test_a_body_that_is_no_json_object_is_refused(api: Api) -> None:
    assert api.post("/api/v1/model/generateImage", data=b"{").status_code == 400
    assert api.post("/api/v1/model/generateImage", json=[1]).status_code == 400


def test_upload_urls_end(api: Api, sandbox: Sandbox) -> None:
    url = api.uploaded(JPEG)
    sandbox.set(upload_seconds=0)
    assert "expired" in api.submit(image_url=url).json()["msg"]
    sandbox.set(upload_seconds=3600)
    sandbox.expire_uploads()
    assert api.submit(image_url=url).status_code == 400


def test_an_upload_without_its_field_is_refused(api: Api) -> None:
    answer = api.post("/api/v1/model/uploadMedia", files={"picture": ("cat.jpg", JPEG)})
    assert (answer.status_code, answer.json()["msg"]) == (400, "file: this field is required")
    assert api.post("/api/v1/model/uploadMedia", data=b"x").status_code == 400


def test_an_upload_over_the_limit_is_refused(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(limit_mb=0.1)
    assert api.upload(bytes(2_000_000)).status_code == 413
    assert api.upload(bytes(90_000)).status_code == 200


def test_a_prediction_has_a_life_of_its_own(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(predict_seconds=600)
    identity = api.submitted()
    view = api.poll(identity).json()["data"]
    assert (view["status"], view["outputs"], view["metrics"]) == ("created", [], {})
    sandbox.set(warm_up=600)
    assert api.poll(api.submitted()).status_code == 404
    assert api.poll("unheard-of").status_code == 404


def test_several_outputs(api: Api) -> None:
    outputs = api.finished(api.submitted(image_url=api.uploaded(JPEG), num_outputs=3))["outputs"]
    assert len(set(outputs)) == 3
    assert [api.download(url).content for url in outputs] == [JPEG] * 3


def test_outputs_as_data_uris(api: Api) -> None:
    view = api.finished(api.submitted(image_url=api.uploaded(JPEG), enable_base64_output=True))
    head, _, data = view["outputs"][0].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == JPEG


def test_outputs_want_their_signature_and_no_key(api: Api) -> None:
    (url,) = api.finished(api.submitted())["outputs"]
    assert api.download(url).headers["Content-Type"] == "image/png"
    assert api.session.get(url, timeout=20).status_code == 400
    assert api.download(url + "0").status_code == 403
    assert api.download(url.replace("/0.", "/7.")).status_code == 404


def test_the_catalogue_leads_to_its_schemas(api: Api) -> None:
    answer = api.get("/api/v1/models").json()
    assert answer["code"] == "200"
    assert {entry["type"] for entry in answer["data"]} == {"Image", "Video", "Audio", "Any"}
    assert any(entry["display_console"] is False for entry in answer["data"])
    for entry in answer["data"]:
        assert float(entry["price"]["actual"]["base_price"]) > 0
        schema = api.download(entry["schema"]).json()["components"]["schemas"]["Input"]
        assert set(schema["required"]) <= set(schema["properties"]) == set(schema["x-order-properties"])


def test_an_upload_does_not_grow_memory(api: Api, sandbox: Sandbox) -> None:
    sandbox.set(keep_bytes=False)
    api.upload(bytes(2_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def body() -> Iterator[bytes]:
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
        for _ in range(150):
            yield bytes(1_000_000)
        yield b"\r\n--edge--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    answer = api.post("/api/v1/model/uploadMedia", data=body(), headers=headers)
    assert answer.json()["data"]["size"] == 150_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB


def test_names_of_any_kind_arrive(api: Api, sandbox: Sandbox) -> None:
    for name in ("ünï.jpg", "a/b.jpg", "x" * 250, "-rf.jpg"):
        assert api.submit(image_url=api.uploaded(JPEG, name)).status_code == 200
    assert sandbox.journal()[0].filename == "ünï.jpg"
