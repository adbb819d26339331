"""Writes `released_0001.sql`: a job table of the first schema, with a job in every state, as text.

Made once, by the version that introduced that schema: `python -m tests.upgrade.make`. A later version must not
make it anew, or it would show no upgrade any more. A real job gives the rows their requests; paths begin with
/srv/atlas, and what the API gave has the name of its job, for the test to put its own in place.
"""

import os
import sqlite3
import tempfile
from contextlib import closing

from daemon.clock import Clock
from daemon.service.service import table_url
from daemon.states import Job, NewJob, State
from daemon.table.store import Store
from daemon.table.tables import APPLICATION_ID, REVISION
from tests.daemon.house import FOLDER, House, house_in
from tests.daemon.samples import picture

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "released_0001.sql")
BASE = "/srv/atlas"
S = State
#: By name: the states that a job goes through; the last is where it is found.
WAYS: dict[str, tuple[State, ...]] = {
    "queued": (),
    "uploading": (S.UPLOADING,),
    "uploaded": (S.UPLOADING, S.UPLOADED),
    "submitting": (S.UPLOADING, S.UPLOADED, S.SUBMITTING),
    "processing": (S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.PROCESSING),
    "downloading": (S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.PROCESSING, S.DOWNLOADING),
    "failed": (S.UPLOADING, S.FAILED),
    "cancelled": (S.CANCELLED,),
    "held-unknown_submit": (S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.HELD),
    "held-prediction_lost": (S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.PROCESSING, S.HELD),
    "held-deadline": (S.UPLOADING, S.UPLOADED, S.SUBMITTING, S.PROCESSING, S.HELD),
    "held-balance": (S.UPLOADING, S.UPLOADED, S.HELD),
}
#: Jobs that were in a thread's hand when the old daemon was killed.
CLAIMED = {"uploading", "submitting", "processing", "downloading"}


def main() -> None:
    assert REVISION == "0001", "this is another version's table by now"
    with tempfile.TemporaryDirectory() as base, house_in(base) as house:
        house.start()
        done = house.until(house.drop("done.png", picture(99)))
        house.stop()
        _add(house, done)
        path = os.path.join(house.settings().state_dir, "jobs.db")
        with closing(sqlite3.connect(path)) as connection, open(OUT, "w", encoding="ascii") as file:
            _rebase(connection, base)
            file.write(f"PRAGMA application_id = {APPLICATION_ID};\n")
            file.write("".join(f"{line}\n" for line in connection.iterdump()))


def _add(house: House, done: Job) -> None:
    store = Store(table_url(house.settings()), Clock())
    for number, (name, way) in enumerate(WAYS.items(), 1):
        source = house.inbox(FOLDER, f"{name}.png")
        (job,) = store.add([NewJob(FOLDER, source, f"{number}:1:1", 1, "sandbox/echo")])
        for state in way:
            job = store.advance(job, state, "as the first version did", **_changes(state, name, job, done))
        if name in CLAIMED:
            store.amend(job, claimed_by="the first version")
    store.close()


def _changes(state: State, name: str, job: Job, done: Job) -> dict[str, object]:
    code = name.partition("-")[2] or "unreadable"
    match state:
        case State.UPLOADED:
            return {"upload_url": f"https://uploads.example/{name}", "uploaded_at": 1.0, "fingerprint": name}
        case State.SUBMITTING:
            return {"request": done.request, "submitted_at": done.submitted_at}
        case State.PROCESSING:
            return {"prediction_id": f"prediction-{name}", "deadline_at": 1e10, "due_at": 1.0}
        case State.DOWNLOADING:
            return {"result_urls": (f"https://results.example/{name}",), "due_at": 1.0}
        case State.HELD:
            return {"error_code": code, "error_message": f"held for {code}", "resume": _resume(job)}
        case State.FAILED:
            return {"error_code": code, "error_message": "The file can't be read.", "resume": State.QUEUED}
    return {}


def _resume(job: Job) -> State:
    return State.UPLOADED if job.state is State.SUBMITTING else job.state


def _rebase(connection: sqlite3.Connection, base: str) -> None:
    """Let all paths begin with BASE."""
    for column in ("source", "lies_at"):
        connection.execute(
            f"UPDATE jobs SET {column} = CAST(replace(CAST({column} AS TEXT), ?, ?) AS BLOB)",  # noqa: S608
            (base, BASE),
        )
    for table, column in (("jobs", "request"), ("jobs", "outputs"), ("notes", "value"), ("notes", "key")):
        connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (base, BASE))  # noqa: S608
    connection.commit()


if __name__ == "__main__":
    main()
