"""Observe: the trace of a job, how long engines take to answer, and totals that metrics are read from.

Revision: 0009, after 0008. What happened before is counted into the totals when they are read first; calls of before have
no latency, jobs of before no trace.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("metric_marks", "metric_totals")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "metric_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("counted_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_metric_marks")),
    )
    op.create_table(
        "metric_totals",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("bucket", sa.Integer(), server_default="0", nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", "bucket", name=op.f("pk_metric_totals")),
    )
    op.add_column("dubbing_jobs", sa.Column("traceparent", sa.Text(), nullable=True))
    op.add_column("vendor_calls", sa.Column("latency_ms", sa.Integer(), nullable=True))
    op.create_index("ix_job_events_at", "job_events", ["at"], unique=False)
    op.create_index(
        "ix_vendor_calls_unsettled",
        "vendor_calls",
        ["vendor"],
        unique=False,
        postgresql_where=sa.text("state IN ('started', 'spend_unknown')"),
    )
    for table in TABLES:
        protect(table)


def downgrade() -> None:
    """Undo; what was counted is counted again when it comes back."""
    op.drop_index("ix_vendor_calls_unsettled", table_name="vendor_calls")
    op.drop_index("ix_job_events_at", table_name="job_events")
    op.drop_column("vendor_calls", "latency_ms")
    op.drop_column("dubbing_jobs", "traceparent")
    for table in reversed(TABLES):
        op.drop_table(table)
