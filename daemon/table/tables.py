"""The SQLModel tables: `jobs`, `transitions` (their history), `payments`, and `notes` (what the daemon remembers).

The schema's owner is Alembic (`migrations/`); a test holds these classes against what the migrations make.
"""

import json
import os
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

#: Written into the file's header (PRAGMA application_id), so that another program's file, or an empty one
#: in its place, is never taken for the job table. The bytes spell "HotF".
APPLICATION_ID = 0x486F7446


class PathBytes(TypeDecorator[str]):
    """A file name as the kernel has it: bytes in the table, text with surrogate escapes outside (PEP 383)."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encode on the way in."""
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decode on the way out."""
        return None if value is None else os.fsdecode(value)


class Json(TypeDecorator[Any]):
    """JSON in a text column; ASCII, so that surrogate escapes in paths survive every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode on the way in."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode on the way out."""
        return None if value is None else json.loads(value)


class JobJson(Json):
    """JSON of one job; what can't be read counts as empty, or one spoilt row would keep all others from its stage.

    The spoilt job's own step stumbles over what it lacks, and the job is held for that.
    """

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode on the way out."""
        try:
            found = super().process_result_value(value, dialect)
        except ValueError:
            return {}
        return found if found is None or isinstance(found, dict | list) else {}


class JobRow(SQLModel, table=True):
    """One file's way through the daemon; `states.Job` says what each column means."""

    __tablename__ = "jobs"
    __table_args__ = (
        # All that still wants work, a small part of a grown table: what a stage claims, what is due earliest.
        Index(
            "ix_jobs_due",
            "state",
            "folder",
            "due_at",
            sqlite_where=text("NOT put_away"),
            postgresql_where=text("NOT put_away"),
        ),
        # A file that lies in an inbox is a job once, however often it is seen.
        Index(
            "ux_jobs_live",
            "source",
            "folder",
            "identity",
            unique=True,
            sqlite_where=text("in_inbox"),
            postgresql_where=text("in_inbox"),
        ),
        # Counting by folder and state, listing by state.
        Index("ix_jobs_state", "state", "folder"),
        Index("ix_jobs_fingerprint", "fingerprint"),
        Index("ix_jobs_twin_of", "twin_of"),
        # What was spent on a day.
        Index("ix_jobs_spent_at", "spent_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    folder: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    source: str = Field(sa_column=Column(PathBytes, nullable=False))
    lies_at: str | None = Field(default=None, sa_column=Column(PathBytes))
    identity: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    model: str = Field(sa_type=Text)
    version: int = 0
    created_at: float = Field(sa_type=Double)
    updated_at: float = Field(sa_type=Double)
    in_inbox: bool = True
    put_away: bool = False
    after: str | None = Field(default=None, sa_type=Text)
    sha256: str | None = Field(default=None, sa_type=Text)
    fingerprint: str | None = Field(default=None, sa_type=Text)
    twin_of: int | None = None
    request: Any = Field(default=None, sa_column=Column(JobJson))
    upload_url: str | None = Field(default=None, sa_type=Text)
    uploaded_at: float | None = Field(default=None, sa_type=Double)
    prediction_id: str | None = Field(default=None, sa_type=Text)
    request_id: str | None = Field(default=None, sa_type=Text)
    submitted_at: float | None = Field(default=None, sa_type=Double)
    polled_at: float | None = Field(default=None, sa_type=Double)
    deadline_at: float | None = Field(default=None, sa_type=Double)
    result_urls: Any = Field(default=(), sa_column=Column(JobJson, nullable=False))
    outputs: Any = Field(default=(), sa_column=Column(JobJson, nullable=False))
    attempts: int = 0
    reuploads: int = 0
    pays_itself: bool = False
    due_at: float = Field(default=0.0, sa_type=Double)
    claimed_by: str | None = Field(default=None, sa_type=Text)
    resume: str | None = Field(default=None, sa_type=Text)
    error_code: str | None = Field(default=None, sa_type=Text)
    error_message: str | None = Field(default=None, sa_type=Text)
    waits_for: str | None = Field(default=None, sa_type=Text)
    predict_seconds: float | None = Field(default=None, sa_type=Double)
    polls: int = 0
    spent_at: float | None = Field(default=None, sa_type=Double)
    estimate_usd: float | None = Field(default=None, sa_type=Double)
    cost_usd: float | None = Field(default=None, sa_type=Double)
    finished_at: float | None = Field(default=None, sa_type=Double)


class TransitionRow(SQLModel, table=True):
    """One transition of a job, with its time and reason."""

    __tablename__ = "transitions"
    __table_args__ = (Index("ix_transitions_job", "job_id"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="jobs.id")
    at: float = Field(sa_type=Double)
    before: str | None = Field(default=None, sa_type=Text)
    after: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class PaymentRow(SQLModel, table=True):
    """An earlier payment of a job that was paid for again: its row holds the latest one alone."""

    __tablename__ = "payments"
    __table_args__ = (Index("ix_payments_job", "job_id"), Index("ix_payments_spent_at", "spent_at"))

    id: int | None = Field(default=None, primary_key=True)
    job_id: int = Field(foreign_key="jobs.id")
    folder: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    spent_at: float = Field(sa_type=Double)
    estimate_usd: float | None = Field(default=None, sa_type=Double)
    cost_usd: float | None = Field(default=None, sa_type=Double)


class NoteRow(SQLModel, table=True):
    """A small thing the daemon remembers over restarts: who is paused, which mounts the inboxes were on."""

    __tablename__ = "notes"

    key: str = Field(sa_type=Text, primary_key=True)
    value: Any = Field(sa_column=Column(Json, nullable=False))


#: The schema that this version of the code reads and writes: the newest revision in `migrations/versions`.
REVISION = "0002"
