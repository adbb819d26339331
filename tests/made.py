"""Jobs and rules for tests: whole ones, of which a test says only what it is about."""

from typing import Any

from hypothesis import strategies as st

from daemon.config import FolderRule
from daemon.states import Job, NewJob, State

#: One part of a path: any bytes but NUL and "/", as the kernel takes them.
NAMES = (
    st.binary(min_size=1, max_size=255)
    .filter(lambda raw: not set(raw) & {0, 0x2F} and raw not in {b".", b".."})
    .map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)


def made_rule(name: str = "cats", **values: Any) -> FolderRule:
    whole = {
        "name": name,
        "inbox": f"/srv/in/{name}",
        "outbox": f"/srv/out/{name}",
        "kind": "image",
        "model": "m/1",
        **values,
    }
    return FolderRule.model_validate(whole, context={"base": "/", "home": None})


def made_job(**values: Any) -> Job:
    """Give a job; one without a `lies_at` of its own lies where it was dropped."""
    whole: dict[str, Any] = {
        "id": 7,
        "folder": "cats",
        "state": State.QUEUED,
        "source": "/srv/in/cats/cat.jpg",
        "identity": "1:2:3",
        "size": 2,
        "model": "m/1",
        "version": 0,
        "created_at": 1000.0,
        "updated_at": 1000.0,
        **values,
    }
    return Job(**{"lies_at": whole["source"], **whole})


def new_job(source: str = "/srv/in/cats/cat.jpg", **values: Any) -> NewJob:
    whole: dict[str, Any] = {"folder": "cats", "identity": "1:2:3", "size": 2, "model": "m/1", **values}
    return NewJob(source=source, **whole)
