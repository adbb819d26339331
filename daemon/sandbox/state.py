"""Uploads, predictions with a life of their own, and the account. Times are passed in; no HTTP here.

Only the server's event loop changes this state, so it needs no locks.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from daemon.sandbox.answers import Refusal
from daemon.sandbox.catalogue import ModelKind, SandboxModel
from daemon.sandbox.settings import SandboxSettings


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file; `path` is None when its bytes were not kept."""

    url: str
    filename: str
    size: int
    sha256: str
    media_type: str
    extension: str
    path: str | None
    made_at: float


@dataclass(frozen=True, slots=True)
class Output:
    """A finished output: a file with what its bytes are."""

    path: str
    size: int
    media_type: str
    extension: str


@dataclass(slots=True)
class Prediction:
    """An accepted generate call. Its outputs are there when `made` is set and its time has come."""

    id: str
    model: str
    kind: ModelKind  # by the generate call it came through
    body: Mapping[str, Any]
    inputs: tuple[Upload, ...]
    signature: str  # what its outputs' URLs are signed with
    made_at: float
    known_at: float  # until then it answers 404
    ready_at: float
    price: Decimal  # what it cost, in USD
    made: bool = False
    outputs: Sequence[Output] = ()
    error: str | None = None

    @property
    def prompt(self) -> str:
        """The prompt, or an empty text."""
        return str(self.body.get("prompt") or "")

    @property
    def as_base64(self) -> bool:
        """Whether outputs are wanted as `data:` URIs."""
        return self.body.get("enable_base64_output") is True

    @property
    def wanted(self) -> int:
        """How many outputs were asked for: `num_outputs`, or `n`."""
        return outputs_wanted(self.body)

    def status(self, now: float) -> str:
        """Give the status at `now`, in the API's words: created, processing, then completed or failed."""
        if self.made and now >= self.ready_at:
            return "completed" if self.error is None else "failed"
        started = self.made_at + 0.2 * (self.ready_at - self.made_at)
        return "created" if now < started else "processing"


def outputs_wanted(body: Mapping[str, Any]) -> int:
    """Give how many outputs a body asks for, from 1 to 8."""
    count = body.get("num_outputs") or body.get("n") or 1
    return min(max(count, 1), 8) if isinstance(count, int) else 1


@dataclass(slots=True)
class World:
    """All that the sandbox remembers besides its journal."""

    balance: Decimal
    directory: str  # uploads and outputs lie here
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  (not for secrets)
    uploads: dict[str, Upload] = field(default_factory=dict)  # by URL
    predictions: dict[str, Prediction] = field(default_factory=dict)
    costs: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # by (UTC day, model)

    def upload(self, field_name: str, url: str, now: float, lasts: float) -> Upload:
        """Give the upload behind an input field's URL; raises Refusal(400) that names the field."""
        found = self.uploads.get(url)
        if found is None:
            raise Refusal(400, f"{field_name}: the file can't be downloaded from {url[:200]}")
        if now - found.made_at > lasts:
            raise Refusal(400, f"{field_name}: the URL of the uploaded file has expired")
        return found

    def forget_uploads(self) -> None:
        """Let every upload's URL be gone, as the vendor's periodic clean-up does.

        The files stay: predictions that were accepted still read them.
        """
        self.uploads.clear()

    def end_predictions(self, now: float) -> None:
        """Let every prediction that is not ready yet be ready at `now`."""
        for prediction in list(self.predictions.values()):
            prediction.ready_at = min(prediction.ready_at, now)

    def accept(
        self,
        model: SandboxModel,
        kind: ModelKind,
        body: Mapping[str, Any],
        inputs: tuple[Upload, ...],
        *,
        now: float,
        settings: SandboxSettings,
    ) -> tuple[Prediction, Decimal]:
        """Charge for a generate call and make its prediction; raises Refusal(402) when the balance is spent."""
        price = model.price * outputs_wanted(body) * Decimal(str(settings.charge))
        if self.balance < price:
            raise Refusal(402, "insufficient balance")
        self.balance -= price
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        self.costs[day, model.id] = self.costs.get((day, model.id), Decimal(0)) + price
        seconds = settings.predict_seconds * (1 + settings.jitter * self.chance.uniform(-1, 1))
        prediction = Prediction(
            secrets.token_hex(12),
            model.id,
            kind,
            body,
            inputs,
            secrets.token_hex(8),
            made_at=now,
            known_at=now + settings.warm_up,
            ready_at=now + max(seconds, 0.0),
            price=price,
        )
        self.predictions[prediction.id] = prediction
        return prediction, price
