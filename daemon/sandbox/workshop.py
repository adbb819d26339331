"""Makes the outputs of predictions in threads of its own, so that calls are answered meanwhile."""

import asyncio
import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from daemon.sandbox import render
from daemon.sandbox.catalogue import ECHO
from daemon.sandbox.formats import sniff
from daemon.sandbox.state import Output, Prediction

log = logging.getLogger(__name__)

#: How long a poll of a prediction that is due waits for its outputs before it says "processing".
PATIENCE = 5.0


class Workshop:
    """Renders predictions; `directory` takes the outputs."""

    def __init__(self, directory: str, threads: int = 2) -> None:
        self._directory = directory
        self._pool = ThreadPoolExecutor(threads, "sandbox-render")
        self._orders: dict[str, Future[Sequence[Output]]] = {}

    def order(self, prediction: Prediction) -> None:
        """Have a prediction's outputs made; an echo has its own already."""
        if prediction.model == ECHO:
            prediction.outputs = _echo(prediction, self._directory)
            prediction.made = True
        else:
            self._orders[prediction.id] = self._pool.submit(_make, prediction, self._directory)

    async def collect(self, prediction: Prediction) -> None:
        """Wait a little for the outputs and put them, or the error, into the prediction."""
        order = self._orders.get(prediction.id)
        if order is None:
            return
        wrapped = asyncio.wrap_future(order)
        done, _ = await asyncio.wait({wrapped}, timeout=PATIENCE)
        if not done:
            return
        self._orders.pop(prediction.id, None)
        try:
            prediction.outputs = wrapped.result()
        except render.Unusable as error:
            prediction.error = str(error)
        except Exception:
            log.exception("the sandbox could not render prediction %s", prediction.id)
            prediction.error = "internal error while rendering"
        prediction.made = True

    def close(self) -> None:
        """Drop what is still to be made and wait for what is being made."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _make(prediction: Prediction, directory: str) -> Sequence[Output]:
    inputs = [upload.path for upload in prediction.inputs if upload.path is not None]
    outputs = []
    for number in range(prediction.wanted):
        data = render.render(prediction.kind, prediction.model, prediction.body, inputs, number)
        outputs.append(_write(data, os.path.join(directory, f"{prediction.id}-{number}")))
    return outputs


def _echo(prediction: Prediction, directory: str) -> Sequence[Output]:
    files = [upload for upload in prediction.inputs if upload.path is not None]
    if not files:
        one = _write(render.TINY_PNG, os.path.join(directory, f"{prediction.id}-0"))
    else:
        first = files[0]
        one = Output(str(first.path), first.size, first.media_type, first.extension)
    return [one] * prediction.wanted


def _write(data: bytes, path: str) -> Output:
    with open(path, "wb") as file:
        file.write(data)
    media_type, extension = sniff(data)
    return Output(path, len(data), media_type, extension)
