"""Prove and edit: what a job delivers, what was measured of it, which lines somebody changed, how fast voices speak.

Revision: 0005, after 0004. Jobs of before are delivered as they were: ducked, as M4A.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import as_service, own_job, protect, unprotect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EMPTY_OBJECT = sa.text("'{}'::jsonb")


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "dubbing_jobs", sa.Column("delivery", postgresql.JSONB(), server_default=EMPTY_OBJECT, nullable=False)
    )
    op.add_column("language_tasks", sa.Column("quality", postgresql.JSONB(), nullable=True))
    for table in ("dubbing_jobs", "language_tasks"):
        op.add_column(table, sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
    op.drop_constraint(op.f("ck_dubbed_segments_state"), "dubbed_segments")
    op.create_check_constraint(
        op.f("ck_dubbed_segments_state"), "dubbed_segments", "state IN ('voiced', 'overflow', 'failed', 'original')"
    )
    op.create_table(
        "segment_edits",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("voice", sa.Text(), nullable=True),
        sa.Column("keeps_original", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["dubbing_jobs.id"], name=op.f("fk_segment_edits_job_id_dubbing_jobs")),
        sa.PrimaryKeyConstraint("job_id", "language", "number", name=op.f("pk_segment_edits")),
    )
    op.create_table(
        "speaking_rates",
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("voice", sa.Text(), nullable=False),
        sa.Column("characters_per_second", sa.Float(), nullable=False),
        sa.Column("takes", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("language", "voice", name=op.f("pk_speaking_rates")),
    )
    protect("segment_edits", readable_where=own_job("segment_edits"))
    protect("speaking_rates")


def downgrade() -> None:
    """Take back; edits and what was learned of voices are lost."""
    for table in ("speaking_rates", "segment_edits"):
        unprotect(table)
        op.drop_table(table)
    op.drop_constraint(op.f("ck_dubbed_segments_state"), "dubbed_segments")
    with as_service():
        op.execute("UPDATE dubbed_segments SET state = NULL WHERE state = 'original'")
    op.create_check_constraint(
        op.f("ck_dubbed_segments_state"), "dubbed_segments", "state IN ('voiced', 'overflow', 'failed')"
    )
    for table in ("language_tasks", "dubbing_jobs"):
        op.drop_column(table, "revision")
    op.drop_column("language_tasks", "quality")
    op.drop_column("dubbing_jobs", "delivery")
