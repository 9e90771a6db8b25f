"""Serve clients.

Revision: 0002, after 0001. Jobs made before it were run by the command itself: no run waits for them.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "downloads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_downloads_artifact_id_artifacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_downloads_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_downloads_token_digest")),
    )
    op.create_index(op.f("ix_downloads_artifact_id"), "downloads", ["artifact_id"], unique=False)
    op.create_index(op.f("ix_downloads_user_id"), "downloads", ["user_id"], unique=False)
    op.add_column(
        "artifacts",
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now() + interval '48 hours'"),
        ),
    )
    op.alter_column("artifacts", "expires_at", server_default=None)
    op.add_column("dubbing_jobs", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.add_column("dubbing_jobs", sa.Column("idempotency_digest", sa.Text(), nullable=True))
    op.add_column("dubbing_jobs", sa.Column("reference", sa.Text(), nullable=True))
    op.add_column("dubbing_jobs", sa.Column("launched_attempt", sa.Integer(), server_default="0", nullable=False))
    op.add_column("dubbing_jobs", sa.Column("ended_attempt", sa.Integer(), server_default="0", nullable=False))
    op.add_column("dubbing_jobs", sa.Column("run_id", sa.Text(), nullable=True))
    op.add_column(
        "dubbing_jobs",
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
    )
    op.execute("UPDATE dubbing_jobs SET launched_attempt = attempt, ended_attempt = attempt")
    op.create_index(
        "ix_dubbing_jobs_in_flight",
        "dubbing_jobs",
        ["id"],
        unique=False,
        postgresql_where=sa.text("ended_attempt < launched_attempt"),
    )
    op.create_index(
        "ix_dubbing_jobs_newest",
        "dubbing_jobs",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_dubbing_jobs_newest_by_state",
        "dubbing_jobs",
        ["user_id", "state", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_dubbing_jobs_waiting",
        "dubbing_jobs",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("launched_attempt < attempt"),
    )
    op.create_unique_constraint(
        op.f("uq_dubbing_jobs_user_id_idempotency_key"), "dubbing_jobs", ["user_id", "idempotency_key"]
    )
    op.add_column(
        "language_tasks",
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
    )
    op.alter_column("language_tasks", "waiting_on", server_default="queue")
    op.create_check_constraint(
        op.f("ck_language_tasks_waiting_on"), "language_tasks", "waiting_on IN ('queue', 'vendor', 'rate_limit')"
    )
    op.add_column(
        "uploads", sa.Column("media_type", sa.Text(), nullable=False, server_default="application/octet-stream")
    )
    op.alter_column("uploads", "media_type", server_default=None)
    op.add_column("uploads", sa.Column("duration_ms", sa.Integer(), nullable=True))
    op.add_column("uploads", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("uploads", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE uploads SET verified_at = created_at, duration_ms = (media ->> 'duration_ms')::int")
    op.alter_column("uploads", "media", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=True)


def downgrade() -> None:
    """Take back."""
    op.alter_column("uploads", "media", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=False)
    op.drop_column("uploads", "verified_at")
    op.drop_column("uploads", "expires_at")
    op.drop_column("uploads", "duration_ms")
    op.drop_column("uploads", "media_type")
    op.drop_constraint(op.f("ck_language_tasks_waiting_on"), "language_tasks", type_="check")
    op.alter_column("language_tasks", "waiting_on", server_default=None)
    op.drop_column("language_tasks", "updated_at")
    op.drop_constraint(op.f("uq_dubbing_jobs_user_id_idempotency_key"), "dubbing_jobs", type_="unique")
    op.drop_index(
        "ix_dubbing_jobs_waiting", table_name="dubbing_jobs", postgresql_where=sa.text("launched_attempt < attempt")
    )
    op.drop_index("ix_dubbing_jobs_newest_by_state", table_name="dubbing_jobs")
    op.drop_index("ix_dubbing_jobs_newest", table_name="dubbing_jobs")
    op.drop_index(
        "ix_dubbing_jobs_in_flight",
        table_name="dubbing_jobs",
        postgresql_where=sa.text("ended_attempt < launched_attempt"),
    )
    op.drop_column("dubbing_jobs", "updated_at")
    op.drop_column("dubbing_jobs", "run_id")
    op.drop_column("dubbing_jobs", "ended_attempt")
    op.drop_column("dubbing_jobs", "launched_attempt")
    op.drop_column("dubbing_jobs", "reference")
    op.drop_column("dubbing_jobs", "idempotency_digest")
    op.drop_column("dubbing_jobs", "idempotency_key")
    op.drop_column("artifacts", "expires_at")
    op.drop_index(op.f("ix_downloads_user_id"), table_name="downloads")
    op.drop_index(op.f("ix_downloads_artifact_id"), table_name="downloads")
    op.drop_table("downloads")
