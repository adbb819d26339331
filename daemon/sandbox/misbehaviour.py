"""Answers that are damaged on their way: how each kind of fault is done on a real connection."""

import asyncio
import json
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from daemon.sandbox import answers
from daemon.sandbox.answers import HTML_TYPE, JSON_TYPE, Answer
from daemon.sandbox.exchange import PIECE, Exchange
from daemon.sandbox.faults import Fault

_PAGE = b"<!doctype html><html><head><title>%d</title></head><body><h1>%s</h1></body></html>"

#: Faults that change what an answer says, not how it travels; calls.py sees to them.
OF_CONTENT = frozenset(
    {"prediction_status", "single_output", "data_uri", "no_outputs", "unknown", "upload_expired"}
)


async def misbehave(exchange: Exchange, fault: Fault, perform: Callable[[Exchange], Awaitable[Answer]]) -> None:
    """Deal with a call that `fault` strikes; `perform` does what the call should do and gives its answer."""
    if fault.applied:
        answer = await perform(exchange)
    else:
        await exchange.skip_body(fault.options.get("after_bytes"))
        answer = Answer(200)
    await _DEEDS[fault.kind](exchange, fault.options, answer)


def _page(status: int, text: str) -> bytes:
    return _PAGE % (status, text.encode())


async def _status(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    code = options["code"]
    message = options["message"] or f"sandbox: status {code} as ordered"
    after = options["retry_after"]
    headers = () if after is None else (("retry-after", str(after)),)
    if options["html"]:
        body, content_type = _page(code, message), HTML_TYPE
    else:
        body, content_type = answers.error(code, message, exchange.request_id).body, JSON_TYPE
    await exchange.answer(Answer(code, body, content_type, headers))


async def _reset(exchange: Exchange, _: Mapping[str, Any], __: Answer) -> None:
    await exchange.reset()


async def _hang(exchange: Exchange, options: Mapping[str, Any], answer: Answer) -> None:
    try:
        await asyncio.wait_for(exchange.until_gone(), options["seconds"])
    except TimeoutError:
        await exchange.answer(answer)


async def _drip(exchange: Exchange, options: Mapping[str, Any], answer: Answer) -> None:
    head = exchange.head(answer, content_length=str(answer.length))
    at_once = 0 if options["head"] else len(head)
    data = head + answer.whole_body()
    await exchange.drip(data, options["interval"], status=answer.status, at_once=at_once)


async def _cut_json(exchange: Exchange, _: Mapping[str, Any], answer: Answer) -> None:
    body = answer.whole_body()
    await exchange.answer(Answer(200, body[: len(body) // 2]))


async def _not_json(exchange: Exchange, _: Mapping[str, Any], __: Answer) -> None:
    await exchange.answer(Answer(200, b"upstream connect error or disconnect/reset before headers"))


async def _html_200(exchange: Exchange, _: Mapping[str, Any], __: Answer) -> None:
    await exchange.answer(Answer(200, _page(200, "Please sign in to this network"), HTML_TYPE))


async def _other_form(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    await exchange.answer(Answer(200, json.dumps(options["body"]).encode()))


async def _redirect(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    await exchange.answer(Answer(options["code"], b"", HTML_TYPE, (("location", options["to"]),)))


async def _short(exchange: Exchange, options: Mapping[str, Any], answer: Answer) -> None:
    head = exchange.head(answer, content_length=str(answer.length + options["by"]))
    await exchange.send_raw(head + answer.whole_body(), status=answer.status)


async def _long(exchange: Exchange, options: Mapping[str, Any], answer: Answer) -> None:
    head = exchange.head(answer, content_length=str(max(answer.length - options["by"], 0)))
    await exchange.send_raw(head + answer.whole_body(), status=answer.status)


async def _no_length(exchange: Exchange, _: Mapping[str, Any], answer: Answer) -> None:
    await exchange.send_raw(exchange.head(answer) + answer.whole_body(), status=answer.status)


async def _cut_no_length(exchange: Exchange, _: Mapping[str, Any], answer: Answer) -> None:
    half = answer.whole_body()[: answer.length // 2]
    await exchange.send_raw(exchange.head(answer) + half, status=answer.status)


async def _chunked(exchange: Exchange, _: Mapping[str, Any], answer: Answer) -> None:
    data = _chunk(answer.whole_body()) + b"0\r\n\r\n"
    await exchange.send_raw(exchange.head(answer, transfer_encoding="chunked") + data, status=answer.status)


async def _cut_chunked(exchange: Exchange, _: Mapping[str, Any], answer: Answer) -> None:
    data = _chunk(answer.whole_body()[: answer.length // 2])
    await exchange.send_raw(exchange.head(answer, transfer_encoding="chunked") + data, status=answer.status)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _wrong_type(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    await exchange.answer(Answer(200, _page(200, "Service under maintenance"), options["content_type"]))


async def _huge(exchange: Exchange, options: Mapping[str, Any], answer: Answer) -> None:
    size = options["bytes"]
    head = answer.whole_body()[:size]
    await exchange.stream(
        Answer(200, b"", answer.content_type), _padded(head, size), size if options["announced"] else None
    )


async def _padded(head: bytes, size: int) -> AsyncIterator[bytes]:
    yield head
    left = size - len(head)
    while left > 0:
        yield bytes(min(left, PIECE))
        left -= PIECE


async def _bomb(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    await exchange.answer(Answer(200, png_bomb(options["width"], options["height"]), "image/png"))


def png_bomb(width: int, height: int) -> bytes:
    """Give a small PNG that would unpack to width by height grey pixels (what is there of them is black)."""
    rows = zlib.compress(bytes(min((width + 1) * height, 1 << 24)), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (_part(b"IHDR", header), _part(b"IDAT", rows), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


async def _gone(exchange: Exchange, options: Mapping[str, Any], _: Answer) -> None:
    # what object storage says of a signed URL whose time is over
    body = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
    await exchange.answer(Answer(options["code"], body, "application/xml"))


_Deed = Callable[[Exchange, Mapping[str, Any], Answer], Awaitable[None]]
_DEEDS: Mapping[str, _Deed] = {
    "status": _status,
    "reset_before": _reset,
    "reset_after": _reset,
    "hang": _hang,
    "drip": _drip,
    "cut_json": _cut_json,
    "not_json": _not_json,
    "html_200": _html_200,
    "other_form": _other_form,
    "redirect": _redirect,
    "short": _short,
    "long": _long,
    "no_length": _no_length,
    "cut_no_length": _cut_no_length,
    "chunked": _chunked,
    "cut_chunked": _cut_chunked,
    "wrong_type": _wrong_type,
    "huge": _huge,
    "bomb": _bomb,
    "gone": _gone,
}
