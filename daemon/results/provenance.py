"""The record that lies beside each result: where it came from and how it was made."""

import json
from typing import Any

from daemon.clock import timestamp
from daemon.names import shown
from daemon.states import Job

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def record(job: Job, *, result: str, sha256: str, size: int, finished_at: float) -> str:
    """Give the text of a result's provenance file, JSON with a line break at its end.

    `result` is the result's file name, `sha256` and `size` (bytes) are its own. The API key is in none of this.
    """
    request = job.request or {}
    body: dict[str, Any] = dict(request.get("body", {}))
    prompt = body.pop("prompt", None)
    body.pop("model", None)
    # The uploaded file's URL is a temporary key to the customer's original: it stays out of what is passed on.
    field = request.get("rule", {}).get("input")
    if isinstance(field, str):
        body.pop(field.removesuffix("[]"), None)
    values = {
        "result": {"name": shown(result), "sha256": sha256, "size": size},
        "source": {"name": shown(job.name), "sha256": job.sha256, "size": job.size},
        "folder": job.folder,
        "job": job.id,
        "model": job.model,
        "prompt": prompt,
        "params": body,
        "prediction_id": job.prediction_id,
        "request_id": job.request_id,
        "reused_from_job": job.twin_of,
        "created_at": timestamp(job.created_at),
        "submitted_at": timestamp(job.submitted_at),
        "finished_at": timestamp(finished_at),
        "predict_seconds": job.predict_seconds,
        "cost_usd": job.cost_usd,
        "estimate_usd": job.estimate_usd if job.cost_usd is None else None,
        "made_with": "atlas-hotfolder",
    }
    # A line for each: json's own indentation is ten times as slow, and takes twenty lines for ten facts.
    lines = [f'  "{name}": {_ENCODER.encode(value)}' for name, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
