"""The sandbox as an ASGI application: routes, and what happens around each call."""

import asyncio
import logging

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from daemon.sandbox import answers, calls, control
from daemon.sandbox.answers import Answer, Refusal
from daemon.sandbox.calls import Handler
from daemon.sandbox.exchange import Exchange, Gone
from daemon.sandbox.house import House
from daemon.sandbox.misbehaviour import OF_CONTENT, misbehave

log = logging.getLogger(__name__)


class Call:
    """One call of the API as an ASGI endpoint: journal, latency, fault, key, handler, answer."""

    def __init__(self, house: House, name: str, handler: Handler, *, needs_key: bool = True) -> None:
        self._house = house
        self._name = name
        self._handler = handler
        self._needs_key = needs_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deal with one request."""
        house = self._house
        path = scope["raw_path"].decode("latin-1")
        entry = house.journal.open(house.now(), self._name, scope["method"], path, scope["headers"])
        exchange = Exchange(scope, receive, send, entry)
        try:
            if house.settings.latency:
                await asyncio.sleep(house.settings.latency)
            await self._dispatch(exchange)
        except Gone:
            pass
        except Exception:
            log.exception("the sandbox failed in %s, fault %s", self._name, entry.fault)
            raise

    async def _dispatch(self, exchange: Exchange) -> None:
        fault = self._house.faults.take(self._name, exchange.parameters.get("id"))
        if fault is not None:
            exchange.fault, exchange.entry.fault = fault, fault.kind
        if fault is None or fault.kind in OF_CONTENT:
            await exchange.answer(await self._perform(exchange))
        else:
            await misbehave(exchange, fault, self._perform)

    async def _perform(self, exchange: Exchange) -> Answer:
        """Do what the call should do; a refusal becomes its error answer."""
        try:
            if self._needs_key:
                self._check_key(exchange)
            return await self._handler(self._house, exchange)
        except Refusal as refusal:
            await exchange.skip_body()
            make = answers.public_error if self._name in ("balance", "costs") else answers.error
            return make(refusal.status, refusal.message, exchange.request_id)
        except Gone:
            raise
        except Exception:
            log.exception("the sandbox failed in %s", self._name)
            return answers.error(500, "the sandbox itself has failed; see its log", exchange.request_id)

    def _check_key(self, exchange: Exchange) -> None:
        keys = self._house.settings.keys
        if exchange.key is None or (keys is not None and exchange.key not in keys):
            raise Refusal(401, "unauthorized")


async def _wrong_path(_: House, __: Exchange) -> Answer:
    raise Refusal(401, "unauthorized")  # the real API answers so, whatever the key (errors page)


def application(house: House) -> Router:
    """Give the ASGI application that serves `house`."""

    def post(path: str, name: str, handler: Handler) -> Route:
        return Route(path, Call(house, name, handler), methods=["POST"])

    def get(path: str, name: str, handler: Handler, *, needs_key: bool = True) -> Route:
        return Route(path, Call(house, name, handler, needs_key=needs_key), methods=["GET"])

    return Router(
        [
            get("/api/v1/model/prediction/{id}", "poll", calls.poll),
            get("/api/v1/model/result/{id}", "poll", calls.poll),
            get("/sandbox/outputs/{id}/{file}", "download", calls.output, needs_key=False),
            post("/api/v1/model/uploadMedia", "upload", calls.upload),
            post("/api/v1/model/generateImage", "submit", calls.submit("image")),
            post("/api/v1/model/generateVideo", "submit", calls.submit("video")),
            post("/api/v1/model/generateAudio", "submit", calls.submit("audio")),
            get("/api/v1/models", "models", calls.models, needs_key=False),
            get("/sandbox/schema/{model:path}", "schema", calls.schema, needs_key=False),
            get("/public/v1/balance", "balance", calls.balance),
            get("/public/v1/model-costs", "costs", calls.costs),
            *control.routes(house),
        ],
        redirect_slashes=False,
        default=Call(house, "other", _wrong_path, needs_key=False),
    )
