"""The calls of the API: what each takes, does and answers. How an answer travels is not their business."""

import base64
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote

from daemon.sandbox import answers, catalogue
from daemon.sandbox.answers import Answer, Refusal
from daemon.sandbox.catalogue import ModelKind
from daemon.sandbox.exchange import Exchange
from daemon.sandbox.formats import sniff
from daemon.sandbox.house import House
from daemon.sandbox.receiver import receive_file
from daemon.sandbox.state import Output, Prediction, Upload
from daemon.sandbox.validate import check_body, media_fields

Handler = Callable[[House, Exchange], Awaitable[Answer]]


async def upload(house: House, exchange: Exchange) -> Answer:
    """POST /api/v1/model/uploadMedia (upload page)."""
    settings, world = house.settings, house.world
    received = await receive_file(
        exchange.headers.get(b"content-type", b"").decode("latin-1"),
        exchange.chunks(),
        directory=world.directory if settings.keep_bytes else None,
        limit=None if settings.limit_mb is None else int(settings.limit_mb * 1e6),
    )
    media_type, extension = sniff(received.head)
    name = quote(received.filename, safe="") or "file"
    url = f"{exchange.base_url}/sandbox/uploads/{exchange.request_id}/{name}"
    world.uploads[url] = Upload(
        url, received.filename, received.size, received.sha256, media_type, extension, received.path, house.now()
    )
    entry = exchange.entry
    entry.filename, entry.size, entry.sha256 = received.filename, received.size, received.sha256
    return answers.upload(
        settings.form, url=url, filename=received.filename, size=received.size, media_type=media_type
    )


def submit(kind: ModelKind) -> Handler:
    """Give the handler of POST /api/v1/model/generateImage, …Video or …Audio (predictions page)."""

    async def handler(house: House, exchange: Exchange) -> Answer:
        body = _json_object(await exchange.body())
        entry = exchange.entry
        entry.body, entry.model, entry.prompt = body, _text(body, "model"), _text(body, "prompt")
        fields = media_fields(body)
        known = [house.world.uploads[url] for _, url in fields if url in house.world.uploads]
        entry.uploads = tuple(upload.sha256 for upload in known)
        if exchange.fault is not None and exchange.fault.kind == "upload_expired":
            field = fields[0][0] if fields else "image_url"
            raise Refusal(400, f"{field}: the URL of the uploaded file has expired, it can't be downloaded")
        prediction = _accept(house, exchange, kind, body, fields)
        poll_url = f"{exchange.base_url}/api/v1/model/prediction/{prediction.id}"
        return answers.submit(
            house.settings.form, prediction_id=prediction.id, model=prediction.model, poll_url=poll_url
        )

    return handler


def _accept(
    house: House, exchange: Exchange, kind: ModelKind, body: dict[str, Any], fields: list[tuple[str, str]]
) -> Prediction:
    now, settings, world = house.now(), house.settings, house.world
    model = catalogue.MODELS.get(_text(body, "model") or "")
    if model is None:
        raise Refusal(404, f"model not found: {body.get('model')}")
    if model.kind != kind and not model.anything:
        raise Refusal(400, f"model: {model.id} makes {model.kind}, this call makes {kind}")
    check_body(model, body)
    inputs = tuple(world.upload(name, url, now, settings.upload_seconds) for name, url in fields)
    prediction, price = world.accept(model, kind, body, inputs, now=now, settings=settings)
    exchange.entry.prediction_id, exchange.entry.charged = prediction.id, float(price)
    house.workshop.order(prediction)
    return prediction


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise Refusal(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not a JSON object")
    return body


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


async def poll(house: House, exchange: Exchange) -> Answer:
    """GET /api/v1/model/prediction/{id}, and …/result/{id} (predictions page)."""
    identity = exchange.parameters["id"]
    exchange.entry.prediction_id = identity
    prediction, now = house.world.predictions.get(identity), house.now()
    fault = exchange.fault
    if prediction is None or now < prediction.known_at or (fault is not None and fault.kind == "unknown"):
        raise Refusal(404, "prediction not found")
    if not prediction.made and now >= prediction.ready_at:
        await house.workshop.collect(prediction)
    view = _view(prediction, house.now(), exchange.base_url)
    if house.settings.tell_price and view["metrics"]:
        view["price"] = _money(prediction.price)
    if fault is not None:
        _distort(view, prediction, fault.kind, fault.options)
    return answers.prediction(house.settings.form, view)


def _view(prediction: Prediction, now: float, base_url: str) -> dict[str, Any]:
    status = prediction.status(now)
    urls: list[str] = []
    if status == "completed":
        outputs = enumerate(prediction.outputs)
        urls = [
            _data_uri(output) if prediction.as_base64 else _output_url(prediction, number, output, base_url)
            for number, output in outputs
        ]
    over = status in ("completed", "failed")
    return {
        "id": prediction.id,
        "model": prediction.model,
        "status": status,
        "outputs": urls,
        "error": (prediction.error or "") if over else "",
        "error_code": 1000 if status == "failed" else 0,
        "metrics": {"predict_time": round(prediction.ready_at - prediction.made_at, 3)} if over else {},
        "has_nsfw_contents": [False] * len(urls),
    }


def _output_url(prediction: Prediction, number: int, output: Output, base_url: str) -> str:
    path = f"/sandbox/outputs/{prediction.id}/{number}.{output.extension}"
    return f"{base_url}{path}?signature={prediction.signature}"


def _data_uri(output: Output) -> str:
    with open(output.path, "rb") as file:
        return f"data:{output.media_type};base64,{base64.b64encode(file.read()).decode()}"


def _distort(view: dict[str, Any], prediction: Prediction, kind: str, options: dict[str, Any]) -> None:
    """Let a poll's answer say what the fault orders."""
    if kind == "prediction_status":
        view.update(options)
        if options["status"] not in ("completed", "succeeded"):
            view["outputs"] = []
    elif kind == "no_outputs":
        view["outputs"] = []
    elif kind == "single_output":
        urls = view.pop("outputs")
        view["output"] = urls[0] if urls else None
    elif kind == "data_uri" and view["outputs"]:
        view["outputs"] = [_data_uri(output) for output in prediction.outputs]


async def output(house: House, exchange: Exchange) -> Answer:
    """GET /sandbox/outputs/{id}/{file}: like object storage behind a signed URL."""
    exchange.entry.prediction_id = exchange.parameters["id"]
    if b"authorization" in exchange.headers:
        raise Refusal(400, "only one auth mechanism is allowed: signature or Authorization header")
    prediction = house.world.predictions.get(exchange.parameters["id"])
    number = exchange.parameters["file"].partition(".")[0]
    signature = parse_qs(exchange.query.decode("latin-1")).get("signature", [""])[0]
    if prediction is None or not number.isdecimal() or int(number) >= len(prediction.outputs):
        raise Refusal(404, "no such output")
    if signature != prediction.signature:
        raise Refusal(403, "the signature does not match")
    found = prediction.outputs[int(number)]
    return Answer(200, content_type=found.media_type, path=found.path, size=found.size)


async def models(_: House, exchange: Exchange) -> Answer:
    """GET /api/v1/models: the catalogue, no key needed."""
    return answers.json_answer(catalogue.listing(exchange.base_url))


async def schema(_: House, exchange: Exchange) -> Answer:
    """GET /sandbox/schema/{model}.json: what the catalogue's `schema` points to."""
    model = catalogue.MODELS.get(exchange.parameters["model"].removesuffix(".json"))
    if model is None:
        raise Refusal(404, "no such schema")
    return answers.json_answer(catalogue.schema(model))


async def balance(house: House, _: Exchange) -> Answer:
    """GET /public/v1/balance (public API page)."""
    return answers.balance(f"{house.world.balance:.6f}")


async def costs(house: House, exchange: Exchange) -> Answer:
    """GET /public/v1/model-costs: what was charged, in a bucket for each UTC day; `end_date` is exclusive."""
    query = parse_qs(exchange.query.decode("latin-1"))
    first, after = query.get("start_date", [""])[0], query.get("end_date", [""])[0]
    if not first or not after:
        raise Refusal(400, "start_date and end_date are required")
    if query.get("group_by[]") != ["model"]:
        raise Refusal(400, "group_by[]: the sandbox knows model alone")
    days: dict[str, list[tuple[str, str]]] = {}
    for (day, model), cost in sorted(house.world.costs.items()):
        if first <= day < after:
            days.setdefault(day, []).append((model, _money(cost)))
    return answers.costs(days)


def _money(amount: Decimal) -> str:
    return f"{amount:.6f}"
