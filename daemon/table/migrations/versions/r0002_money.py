"""Money: when a job was sent to be paid for, what it costs at least, and earlier payments of the same job."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was spent until now is known by its time alone, and its cost where the API told it."""
    op.add_column("jobs", sa.Column("spent_at", sa.Double))
    op.add_column("jobs", sa.Column("estimate_usd", sa.Double))
    # A copy that got another job's result paid nothing, nor did what was never accepted.
    op.execute(
        "UPDATE jobs SET spent_at = submitted_at WHERE submitted_at IS NOT NULL AND twin_of IS NULL "
        "AND (prediction_id IS NOT NULL OR state = 'submitting' OR error_code = 'unknown_submit')"
    )
    op.drop_index("ix_jobs_submitted_at", "jobs")
    op.create_index("ix_jobs_spent_at", "jobs", ["spent_at"])
    op.create_table(
        "payments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("spent_at", sa.Double, nullable=False),
        sa.Column("estimate_usd", sa.Double),
        sa.Column("cost_usd", sa.Double),
    )
    op.create_index("ix_payments_job", "payments", ["job_id"])
    op.create_index("ix_payments_spent_at", "payments", ["spent_at"])
