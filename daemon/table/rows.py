"""Between rows and Jobs: the statements that the store and the queries share, and the guarded UPDATE."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from daemon.money.amounts import Spending
from daemon.states import Job, NewJob, State, Transition
from daemon.table.prepared import Prepared
from daemon.table.tables import JobRow, NoteRow, PaymentRow, TransitionRow

JOBS: Table = JobRow.__table__  # type: ignore[attr-defined]
TRANSITIONS: Table = TransitionRow.__table__  # type: ignore[attr-defined]
PAYMENTS: Table = PaymentRow.__table__  # type: ignore[attr-defined]
NOTES: Table = NoteRow.__table__  # type: ignore[attr-defined]

#: Spelled like the conditions of the partial indexes, or SQLite does not use them (sqlite.org/partialindex.html).
UNFINISHED = text("NOT put_away")
LIVE = text("in_inbox")

SELECT_JOBS: Select[Any] = select(*(JOBS.c[field.name] for field in fields(Job)))
_NOTHING = dict.fromkeys(JOBS.c.keys())
# Built once: to build a statement costs more than to run it. The columns to set are those of the parameters.
_ADD_TRANSITION = Prepared(insert(TRANSITIONS))
_guarded_update = update(JOBS).where(
    JOBS.c.id == bindparam("the_id"),
    JOBS.c.state == bindparam("the_state"),
    JOBS.c.version == bindparam("the_version"),
)
_ORIGINAL = Prepared(
    select(JOBS.c.id)
    .where(
        JOBS.c.fingerprint == bindparam("the_fingerprint"),
        JOBS.c.id != bindparam("own_id"),
        JOBS.c.twin_of.is_(None),
        JOBS.c.state != State.FAILED,
        JOBS.c.state != State.CANCELLED,
    )
    .order_by(JOBS.c.id.desc())
    .limit(1)
)
_other = JOBS.alias("other")
#: States of a job that got to its submit, so that an equal one waits for its end.
_STANDS_FOR_OTHERS = (State.SUBMITTING, State.PROCESSING, State.DOWNLOADING, State.DONE, State.HELD)
_GUARDED_UPDATE = Prepared(_guarded_update)
_UNPAID_UPDATE = Prepared(
    _guarded_update.where(
        ~exists()
        .where(
            _other.c.fingerprint == bindparam("the_fingerprint"),
            _other.c.id != bindparam("the_id"),
            _other.c.twin_of.is_(None),
            or_(*(_other.c.state == state for state in _STANDS_FOR_OTHERS)),
        )
        .correlate(None)
    )
)
_PAID = union_all(
    *(
        select(each.c.folder, each.c.model, each.c.estimate_usd, each.c.cost_usd).where(
            each.c.spent_at >= bindparam("start"), each.c.spent_at < bindparam("end")
        )
        for each in (JOBS, PAYMENTS)
    )
).subquery()
_SPENDING = select(
    _PAID.c.folder,
    _PAID.c.model,
    func.count(),
    func.sum(_PAID.c.cost_usd),
    func.sum(case((_PAID.c.cost_usd.is_(None), _PAID.c.estimate_usd))),
    func.sum(case((func.coalesce(_PAID.c.cost_usd, _PAID.c.estimate_usd).is_(None), 1), else_=0)),
).group_by(_PAID.c.folder, _PAID.c.model)
_WAKE_TWINS = update(JOBS).where(
    JOBS.c.twin_of == bindparam("original"), JOBS.c.state == State.QUEUED, JOBS.c.claimed_by.is_(None)
)


def job_of(row: Mapping[Any, Any]) -> Job:
    """Make a Job of a row's columns."""
    values = dict(row)
    values["state"] = State(values["state"])
    if values["resume"] is not None:
        values["resume"] = State(values["resume"])
    values["result_urls"] = tuple(values["result_urls"])
    values["outputs"] = tuple(values["outputs"])
    return Job(**values)


def first_row(new: NewJob, *, now: float, wall: float) -> dict[str, Any]:
    """Give the columns of a new job; one that brings a fault is failed from the start."""
    failed = new.fault_code is not None
    return {
        "folder": new.folder,
        "state": State.FAILED if failed else State.QUEUED,
        "source": new.source,
        "lies_at": new.source,
        "identity": new.identity,
        "size": new.size,
        "model": new.model,
        "version": 0,
        "created_at": wall,
        "updated_at": wall,
        "finished_at": wall if failed else None,
        "in_inbox": new.in_inbox,
        "put_away": False,
        "after": new.after,
        "result_urls": (),
        "outputs": (),
        "attempts": 0,
        "reuploads": 0,
        "pays_itself": False,
        "polls": 0,
        "due_at": now,
        "resume": State.QUEUED if failed else None,
        "error_code": new.fault_code,
        "error_message": new.fault_message,
    }


def add_row(connection: Connection, row: dict[str, Any]) -> Job | None:
    """Insert a new job; None if its file is live in the table already."""
    found = _insert_if_new(connection.dialect.name).run(connection, row).fetchall()
    return job_of({**_NOTHING, **row, "id": found[0][0]}) if found else None


@cache
def _insert_if_new(dialect: str) -> Prepared:
    statement = postgresql.insert(JOBS) if dialect == "postgresql" else sqlite.insert(JOBS)
    return Prepared(statement.on_conflict_do_nothing().returning(JOBS.c.id))


def apply(
    connection: Connection, job: Job, changes: Mapping[str, Any], wall: float, *, unpaid: str | None = None
) -> Job | None:
    """Write `changes` to the row of `job` if it still is as `job` has it; give the new Job, or None if not.

    `unpaid`: a fingerprint; then also only if no other job that has it got to its submit, so that it may be paid.
    """
    values = {**changes, "version": job.version + 1, "updated_at": wall}
    wanted = {"the_id": job.id, "the_state": job.state, "the_version": job.version}
    statement = _GUARDED_UPDATE
    if unpaid is not None:
        statement, wanted = _UNPAID_UPDATE, {**wanted, "the_fingerprint": unpaid}
    if statement.run(connection, {**values, **wanted}).rowcount != 1:
        return None
    return job.having(**values)


def add_transitions(connection: Connection, transitions: Sequence[Transition]) -> None:
    """Put these into their jobs' histories."""
    if transitions:
        _ADD_TRANSITION.run_all(connection, [_columns_of(each) for each in transitions])


def _columns_of(it: Transition) -> dict[str, Any]:
    return {"job_id": it.job_id, "at": it.at, "before": it.before, "after": it.after, "reason": it.reason}


def keep_payment(connection: Connection, job: Job) -> None:
    """Put the payment that the row of `job` holds aside, as another one takes its place."""
    names = ("folder", "model", "spent_at", "estimate_usd", "cost_usd")
    connection.execute(insert(PAYMENTS).values(job_id=job.id, **{name: getattr(job, name) for name in names}))


def spending(connection: Connection, start: float, end: float) -> list[Spending]:
    """Give what was spent from `start` until before `end` (seconds since the epoch), by folder and model."""
    rows = connection.execute(_SPENDING, {"start": start, "end": end}).all()
    return [Spending(row[0], row[1], row[2], row[3] or 0.0, row[4] or 0.0, row[5]) for row in rows]


def original_of(connection: Connection, job_id: int, fingerprint: str) -> Job | None:
    """Give the job that stands for the same bytes and request as the job `job_id`, or None."""
    wanted = {"the_fingerprint": fingerprint, "own_id": job_id}
    found = _ORIGINAL.run(connection, wanted).fetchall()
    if not found:
        return None
    row = connection.execute(SELECT_JOBS.where(JOBS.c.id == found[0][0])).mappings().first()
    return None if row is None else job_of(row)


def delete_jobs(connection: Connection, wanted: Select[Any]) -> Sequence[Row[Any]]:
    """Delete the jobs that `wanted` (with their id) selects, with their histories; give what it selected."""
    rows = connection.execute(wanted).all()
    ids = [row.id for row in rows]
    connection.execute(delete(TRANSITIONS).where(TRANSITIONS.c.job_id.in_(ids)))
    connection.execute(delete(PAYMENTS).where(PAYMENTS.c.job_id.in_(ids)))
    connection.execute(delete(JOBS).where(JOBS.c.id.in_(ids)))
    return rows


def wake_twins(connection: Connection, original: int, now: float) -> None:
    """Make due, at once, the jobs that wait for the end of the job `original`."""
    connection.execute(_WAKE_TWINS, {"original": original, "due_at": now})
