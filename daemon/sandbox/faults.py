"""What the sandbox can be told to do wrong: kinds of fault, and the book of those still to come."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CALLS = ("upload", "submit", "poll", "download", "models", "schema", "balance", "costs")

_JSON_CALLS = frozenset(CALLS) - {"download"}
_ALL = frozenset(CALLS)
_DOWNLOAD = frozenset({"download"})
_POLL = frozenset({"poll"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: for which calls, whether the call takes effect all the same, and its options.

    `options` maps each option's name to its default.
    """

    calls: frozenset[str]
    applied: bool
    options: Mapping[str, Any] = field(default_factory=dict)


#: Every kind. A call that takes effect makes, charges and records what it should; only its answer suffers.
KINDS: Mapping[str, Kind] = {
    # the answer is this status: JSON envelope or HTML; applied=True: a 5xx that hides a call that worked
    "status": Kind(
        _ALL, applied=False, options={"code": 500, "html": False, "retry_after": None, "message": None}
    ),
    # RST once the request was read (or after_bytes of its body), with no effect
    "reset_before": Kind(_ALL, applied=False, options={"after_bytes": None}),
    # RST in place of the answer, after the effect
    "reset_after": Kind(_ALL, applied=True),
    # nothing for so long, then the usual answer
    "hang": Kind(_ALL, applied=True, options={"seconds": 60.0}),
    # a byte per interval, of the body or from the status line on
    "drip": Kind(_ALL, applied=True, options={"interval": 0.05, "head": False}),
    # JSON that ends halfway, with a fitting Content-Length
    "cut_json": Kind(_JSON_CALLS, applied=True),
    # 200, said to be JSON, and is not
    "not_json": Kind(_JSON_CALLS, applied=True),
    # 200 and a page, as of a captive portal
    "html_200": Kind(_ALL, applied=True),
    # valid JSON of a form that nobody knows
    "other_form": Kind(_JSON_CALLS, applied=True, options={"body": {"result": "ok"}}),
    "redirect": Kind(_ALL, applied=False, options={"to": "/", "code": 302}),
    # announces more, or fewer, bytes than come
    "short": Kind(_DOWNLOAD, applied=True, options={"by": 100}),
    "long": Kind(_DOWNLOAD, applied=True, options={"by": 100}),
    # no Content-Length: whole, or closed halfway without a sign
    "no_length": Kind(_DOWNLOAD, applied=True),
    "cut_no_length": Kind(_DOWNLOAD, applied=True),
    # chunked: whole, or closed halfway without the last chunk
    "chunked": Kind(_DOWNLOAD, applied=True),
    "cut_chunked": Kind(_DOWNLOAD, applied=True),
    # a page that says image/png
    "wrong_type": Kind(_DOWNLOAD, applied=True, options={"content_type": "image/png"}),
    # so many bytes, streamed; announced or chunked
    "huge": Kind(_DOWNLOAD, applied=True, options={"bytes": 1 << 30, "announced": False}),
    # a small PNG whose header says width by height
    "bomb": Kind(_DOWNLOAD, applied=True, options={"width": 60_000, "height": 60_000}),
    "gone": Kind(_DOWNLOAD, applied=False, options={"code": 403}),
    # the poll answers this status, whatever the prediction's own
    "prediction_status": Kind(
        _POLL, applied=True, options={"status": "failed", "error": "it did not work", "error_code": None}
    ),
    # `output`: a string, in place of `outputs`
    "single_output": Kind(_POLL, applied=True),
    # outputs as data: URIs
    "data_uri": Kind(_POLL, applied=True),
    # outputs is an empty list
    "no_outputs": Kind(_POLL, applied=True),
    # 404, as in the first seconds
    "unknown": Kind(_POLL, applied=True),
    # 400: the uploaded file can't be fetched any more; nothing is charged
    "upload_expired": Kind(frozenset({"submit"}), applied=True),
}


@dataclass(slots=True)
class Fault:
    """A fault ordered: `count` times (None: always), after the first `after` calls, with a probability.

    `only` limits it to the polls or downloads of one prediction id.
    """

    call: str
    kind: str
    count: int | None = 1
    after: int = 0
    probability: float = 1.0
    only: str | None = None
    applied: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Give what is left of the order as what JSON can hold."""
        names = ("call", "kind", "count", "after", "probability", "only", "applied")
        return {**{name: getattr(self, name) for name in names}, **self.options}


def ordered(call: str, kind: str, *, seed: int = 0, **values: Any) -> Fault:
    """Make a Fault from an order; raises ValueError that names what is wrong with it."""
    if kind not in KINDS:
        raise ValueError(f"kind: one of {', '.join(KINDS)} is needed, not {kind!r}")
    known = KINDS[kind]
    if call != "any" and call not in known.calls:
        raise ValueError(f"call: {kind} is for {', '.join(sorted(known.calls))} (or any), not {call!r}")
    options = dict(known.options)
    fields: dict[str, Any] = {"applied": known.applied}
    for name, value in values.items():
        if name in options:
            options[name] = value
        elif name in ("count", "after", "probability", "only", "applied"):
            fields[name] = value
        else:
            raise ValueError(f"{name}: {kind} has no such option; it has {', '.join(options) or 'none'}")
    # not for secrets: the same seed shall give the same run
    return Fault(call, kind, options=options, chance=random.Random(seed), **fields)  # noqa: S311


class FaultBook:
    """The faults still to come, in the order in which they were ordered. Safe to use from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Order one more fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()

    def list(self) -> list[Fault]:
        """Give the orders that are not used up."""
        with self._lock:
            return list(self._faults)

    def take(self, call: str, subject: str | None = None) -> Fault | None:
        """Give the fault that strikes this call (of prediction `subject`), or None; uses it up by one."""
        if not self._faults:  # the usual case costs no lock
            return None
        with self._lock:
            for fault in self._faults:
                if _meant(fault, call, subject) and _strikes(fault):
                    if fault.count == 0:
                        self._faults.remove(fault)
                    return fault
        return None


def _meant(fault: Fault, call: str, subject: str | None) -> bool:
    calls = KINDS[fault.kind].calls if fault.call == "any" else {fault.call}
    return call in calls and fault.only in (None, subject)


def _strikes(fault: Fault) -> bool:
    if fault.after > 0:
        fault.after -= 1
        return False
    if fault.probability < 1.0 and fault.chance.random() >= fault.probability:
        return False
    if fault.count is not None:
        fault.count -= 1
    return True
