"""What is said about a job wherever people see it: what it waits for, and what they can do about it."""

from collections.abc import Mapping
from typing import Any

_HELD: Mapping[str, str] = {
    "unknown_submit": "look in your Atlas Cloud account for its prediction: if it is there, "
    "`hotfolder attach {id} PREDICTION`; if not, `hotfolder retry {id} --pay-again`",
    "deadline": "`hotfolder retry {id}` asks for its prediction again",
    "prediction_lost": "`hotfolder retry {id}` asks once more; with --pay-again it makes a new one, "
    "`hotfolder attach {id} PREDICTION` gives it another",
    "result_refused": "mend what the reason says (max_result_mb is a limit of the configuration), "
    "then `hotfolder retry {id}` fetches the result again",
    "result_expired": "`hotfolder retry {id}` asks once more; with --pay-again it makes a new one",
    "internal": "please report this with the output of `hotfolder show {id}`; then `hotfolder retry {id}`",
    "key": "set a key that is accepted; it goes on by itself",
    "balance": "top up the account; it goes on by itself",
    "budget": "it goes on by itself on the next day (UTC), or when daily_budget_usd is raised and the "
    "configuration reloaded",
    "pile": "`hotfolder approve` with the folder's name lets the pile go; `hotfolder cancel {id}` drops this file",
    "folder": "mend the folder; it goes on by itself",
    "table": "mend the job table as the reason says; it goes on by itself",
}
_FAILED_PAID = (
    "its prediction was accepted and may have been paid: mend the file or the rule, then "
    "`hotfolder retry {id} --pay-again`"
)
_FAILED = "mend the file or the folder's rule, then `hotfolder retry {id}`, or move the file back into the inbox"
_CANCELLED = "`hotfolder retry {id}` takes it up again"
_CANCELLED_UNKNOWN = (
    "look in your Atlas Cloud account for its prediction; only if it is not there, "
    "`hotfolder retry {id} --pay-again`"
)


def advice(job_id: int, state: str, code: str | None, prediction: str | None = None) -> str | None:
    """Say what to do about a job, from its state, error code and prediction; None if there is nothing to do."""
    match state:
        case "held":
            text = _HELD.get(code or "", "see its reason, then `hotfolder retry {id}`")
        case "failed":
            text = _FAILED if prediction is None else _FAILED_PAID
        case "cancelled":
            text = _CANCELLED_UNKNOWN if code == "unknown_submit" else _CANCELLED
        case _:
            return None
    return text.format(id=job_id)


def why_it_waits(job: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    """Say what a job that has not ended is waiting for, as far as that is known.

    `job` is what `jobs --json` prints of it, `status` what `status --json` prints.
    """
    if job["state"] in {"done", "failed", "cancelled"}:
        return None
    if not status["daemon"]["running"]:
        return "a running daemon (`hotfolder run`)"
    reasons = [job["waits_for"], *status["folders"].get(job["folder"], {}).get("waits_for", [])]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None
