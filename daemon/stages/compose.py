"""From a source, its rule and its sidecars to the request that is sent, and its fingerprint."""

import errno
import hashlib
import json
import os
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.config import FolderRule, fill
from daemon.errors import LocalTrouble, Rejected
from daemon.inbox.names import sidecars_of
from daemon.names import shown, split
from daemon.source import LONGEST_TEXT, SHORTAGE, open_regular, read_text
from daemon.states import Job


@dataclass(frozen=True, slots=True)
class Composed:
    """A request without its media: `body` as it is sent but for the uploaded URL, `prompt` for the record."""

    body: Mapping[str, Any]
    prompt: str

    def with_media(self, rule: FolderRule, url: str | None) -> dict[str, Any]:
        """Give the body as it is sent, with the uploaded file's URL in the field that the rule names."""
        if url is None or rule.input_field is None:
            return dict(self.body)
        return {**self.body, rule.input_field: [url] if rule.input_is_list else url}


def compose(job: Job, rule: FolderRule, descriptor: int) -> Composed:
    """Put the request for `job` together; `descriptor` is its open source.

    Raises Rejected for a bad sidecar, LocalTrouble.
    """
    prompt, params = _sidecar(job.lies_at or job.source)
    if prompt is None and not rule.takes_media:
        prompt = read_text(descriptor)
    text = fill(rule.prompt if prompt is None else prompt, _values(job)) if rule.takes_media else prompt or ""
    body: dict[str, Any] = {"model": rule.model}
    if text:
        body["prompt"] = text
    return Composed({**body, **rule.params, **params}, text)


def fingerprint(composed: Composed, rule: FolderRule, sha256: str) -> str:
    """Give what two jobs share when the second need not be paid for: bytes, call, model, prompt, params."""
    what = [sha256, rule.kind, rule.input, composed.body]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def has_sidecar(job: Job) -> bool:
    """Tell whether a sidecar lies beside the source now."""
    return any(os.path.lexists(path) for path in sidecars_of(job.lies_at or job.source))


def _values(job: Job) -> dict[str, str]:
    name = shown(job.name)
    day = time.strftime("%Y-%m-%d", time.localtime(job.created_at))
    return {"stem": split(name)[0], "name": name, "folder": job.folder, "date": day}


def _sidecar(source: str) -> tuple[str | None, dict[str, Any]]:
    """Read the sidecars of a source: the prompt, if one is given, and the params."""
    table_path, text_path = sidecars_of(source)
    prompt, params = _read_table(table_path)
    if prompt is None and not source.endswith(".txt"):
        descriptor = _open(text_path)
        if descriptor is not None:
            try:
                prompt = read_text(descriptor)
            finally:
                os.close(descriptor)
    return prompt, params


def _open(path: str) -> int | None:
    try:
        return open_regular(path)[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # so there can be none
            return None
        if error.errno in SHORTAGE:
            raise LocalTrouble(f"this machine is short of resources: {error.strerror}") from error
        raise _bad_sidecar(path, f"can't be read ({error.strerror})") from error


def _read_table(path: str) -> tuple[str | None, dict[str, Any]]:
    descriptor = _open(path)
    if descriptor is None:
        return None, {}
    try:
        raw = os.pread(descriptor, LONGEST_TEXT, 0)
    finally:
        os.close(descriptor)
    try:
        table = tomllib.loads(raw.decode("utf-8-sig"))
        json.dumps(table, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise _bad_sidecar(path, f"is not valid TOML for a request ({error})") from None
    if strangers := sorted(set(table) - {"prompt", "params"}):
        raise _bad_sidecar(path, f"has the unknown key {strangers[0]}; it may hold prompt and params")
    prompt, params = table.get("prompt"), table.get("params", {})
    if not isinstance(prompt, str | None) or not isinstance(params, dict):
        raise _bad_sidecar(path, "must hold prompt as text and params as a table")
    if own := sorted({"model", "prompt"} & set(params)):
        raise _bad_sidecar(path, f"sets {own[0]} in params, which the rule sets")
    return prompt, params


def _bad_sidecar(path: str, what: str) -> Rejected:
    return Rejected(
        f"The sidecar file {shown(os.path.basename(path))} {what}. Correct it, then move both files back.",
        code="bad_sidecar",
    )
