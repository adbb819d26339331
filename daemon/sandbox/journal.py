"""The journal: one entry per request, so that a test can say "uploaded once, submitted once"."""

import hashlib
import itertools
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: What a sandbox left running keeps; older entries go.
KEPT_ENTRIES = 100_000


@dataclass(slots=True)
class Entry:
    """One request. It is written when the request comes and filled in while it is dealt with.

    `status` is what was answered, None when the connection was cut or the answer is still to come;
    `uploads` are the SHA-256 sums (hex) of the uploads that a submit refers to; `charged` is in USD.
    """

    seq: int
    at: float  # seconds since the epoch
    call: str
    method: str
    path: str
    raw_headers: Sequence[tuple[bytes, bytes]]
    status: int | None = None
    sha256: str | None = None
    filename: str | None = None
    size: int | None = None
    model: str | None = None
    prompt: str | None = None
    body: dict[str, Any] | None = None
    uploads: tuple[str, ...] = ()
    prediction_id: str | None = None
    fault: str | None = None
    charged: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers}

    def as_json(self) -> dict[str, Any]:
        """Give the entry as what JSON can hold, with the key's digest instead of the key.

        Any program on this machine may ask for the journal, and somebody's real key may have come here.
        """
        values = {name: getattr(self, name) for name in self.__slots__ if name != "raw_headers"}
        headers = self.headers
        if "authorization" in headers:
            headers["authorization"] = masked(headers["authorization"])
        return {**values, "headers": headers, "uploads": list(self.uploads)}


def masked(authorization: str) -> str:
    """Replace the key of an Authorization header by what tells keys apart: eight hex digits of its SHA-256."""
    scheme, space, key = authorization.rpartition(" ")
    return f"{scheme}{space}sha256:{hashlib.sha256(key.encode()).hexdigest()[:8]}"


class Journal:
    """The entries, oldest first. Safe to use from any thread; keeps nothing where `on` is False."""

    def __init__(self, *, on: bool = True) -> None:
        self._on = on
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def open(
        self, at: float, call: str, method: str, path: str, raw_headers: Sequence[tuple[bytes, bytes]]
    ) -> Entry:
        """Write a new entry and give it, to be filled in."""
        with self._lock:
            entry = Entry(next(self._numbers), at, call, method, path, raw_headers)
            if self._on:
                self._entries.append(entry)
        return entry

    def entries(self, call: str | None = None) -> list[Entry]:
        """Give the entries, all or of one call."""
        with self._lock:
            entries = list(self._entries)
        return entries if call is None else [entry for entry in entries if entry.call == call]

    def clear(self) -> None:
        """Forget every entry; numbers go on."""
        with self._lock:
            self._entries.clear()

    def accepted(self) -> list[Entry]:
        """Give the submits that made a prediction, whether or not their answer got through."""
        return [entry for entry in self.entries("submit") if entry.prediction_id is not None]

    def submits_by_sha256(self) -> dict[str, list[Entry]]:
        """Give, by SHA-256 of the upload, every submit that was sent for it, accepted or not."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries("submit"):
            for digest in dict.fromkeys(entry.uploads):
                found.setdefault(digest, []).append(entry)
        return found

    def uploads_by_sha256(self) -> Counter[str]:
        """Count the complete uploads of each content."""
        return Counter(entry.sha256 for entry in self.entries("upload") if entry.sha256 is not None)
