"""The first schema: jobs, their transitions, and notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("source", sa.LargeBinary, nullable=False),
        sa.Column("lies_at", sa.LargeBinary),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("in_inbox", sa.Boolean, nullable=False),
        sa.Column("put_away", sa.Boolean, nullable=False),
        sa.Column("after", sa.Text),
        sa.Column("sha256", sa.Text),
        sa.Column("fingerprint", sa.Text),
        sa.Column("twin_of", sa.Integer),
        sa.Column("request", sa.Text),
        sa.Column("upload_url", sa.Text),
        sa.Column("uploaded_at", sa.Double),
        sa.Column("prediction_id", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("submitted_at", sa.Double),
        sa.Column("polled_at", sa.Double),
        sa.Column("deadline_at", sa.Double),
        sa.Column("result_urls", sa.Text, nullable=False),
        sa.Column("outputs", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reuploads", sa.Integer, nullable=False),
        sa.Column("pays_itself", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("resume", sa.Text),
        sa.Column("error_code", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("waits_for", sa.Text),
        sa.Column("predict_seconds", sa.Double),
        sa.Column("polls", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("finished_at", sa.Double),
    )
    unfinished, live = sa.text("NOT put_away"), sa.text("in_inbox")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["state", "folder", "due_at"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_index(
        "ux_jobs_live",
        "jobs",
        ["source", "folder", "identity"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "folder"])
    op.create_index("ix_jobs_fingerprint", "jobs", ["fingerprint"])
    op.create_index("ix_jobs_twin_of", "jobs", ["twin_of"])
    op.create_index("ix_jobs_submitted_at", "jobs", ["submitted_at"])
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_transitions_job", "transitions", ["job_id"])
    op.create_table(
        "notes",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
