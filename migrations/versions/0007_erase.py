"""Erase: what is kept for how long, who asked for it to go, and the receipts of what went.

Revision: 0007, after 0006. Receipts can be added and read; not even the service changes or removes one.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import CALLER, protect, unprotect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CACHES = ("transcripts", "translations", "takes")

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = '55000'; END $$
"""


def upgrade() -> None:
    """Apply."""
    for table in ("uploads", "artifacts"):
        op.add_column(table, sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("dubbing_jobs", "users"):
        op.add_column(table, sa.Column("deletion_requested_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("deletion_requested_by", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("receipt_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_dubbing_jobs_deletion", "dubbing_jobs", ["id"],
        postgresql_where=sa.text("deletion_requested_at IS NOT NULL AND state <> 'expired'"),
    )  # fmt: skip
    op.create_index(
        "ix_dubbing_jobs_to_expire", "dubbing_jobs", ["finished_at", "id"],
        postgresql_where=sa.text("finished_at IS NOT NULL AND state <> 'expired'"),
    )  # fmt: skip
    op.create_index(
        "ix_dubbing_jobs_unfinished", "dubbing_jobs", ["id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_index("ix_users_deletion", "users", ["id"], postgresql_where=sa.text("deletion_requested_at IS NOT NULL"))
    op.create_index(
        "ix_artifacts_to_expire", "artifacts", ["expires_at", "id"], postgresql_where=sa.text("erased_at IS NULL")
    )
    op.create_index("ix_artifacts_storage_key", "artifacts", ["storage_key"])
    op.create_index(
        "ix_uploads_to_expire", "uploads", ["created_at", "id"], postgresql_where=sa.text("erased_at IS NULL")
    )
    op.create_index(
        "ix_dubbed_segments_take_key", "dubbed_segments", ["take_key"],
        postgresql_where=sa.text("take_key IS NOT NULL"),
    )  # fmt: skip
    op.create_index("ix_vendor_calls_content_key", "vendor_calls", ["content_key"])
    for table in CACHES:
        op.add_column(
            table, sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
        )
        op.create_index(f"ix_{table}_to_expire", table, ["used_at", "content_key"])
    _make_receipts()


def downgrade() -> None:
    """Take back; the receipts are lost with their table."""
    op.execute("DROP TRIGGER never_changed ON deletion_receipts")
    op.execute("DROP TRIGGER never_emptied ON deletion_receipts")
    unprotect("deletion_receipts")
    op.drop_table("deletion_receipts")
    op.execute("DROP FUNCTION refuse_change()")
    for table in CACHES:
        op.drop_index(f"ix_{table}_to_expire", table)
        op.drop_column(table, "used_at")
    op.drop_index("ix_vendor_calls_content_key", "vendor_calls")
    op.drop_index("ix_dubbed_segments_take_key", "dubbed_segments")
    op.drop_index("ix_uploads_to_expire", "uploads")
    op.drop_index("ix_artifacts_storage_key", "artifacts")
    op.drop_index("ix_artifacts_to_expire", "artifacts")
    op.drop_index("ix_users_deletion", "users")
    op.drop_index("ix_dubbing_jobs_unfinished", "dubbing_jobs")
    op.drop_index("ix_dubbing_jobs_to_expire", "dubbing_jobs")
    op.drop_index("ix_dubbing_jobs_deletion", "dubbing_jobs")
    for table in ("dubbing_jobs", "users"):
        for column in ("deletion_requested_at", "deletion_requested_by", "receipt_id"):
            op.drop_column(table, column)
    for table in ("uploads", "artifacts"):
        op.drop_column(table, "erased_at")


def _make_receipts() -> None:
    op.create_table(
        "deletion_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "erased_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False
        ),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("cause IN ('retention', 'request')", name=op.f("ck_deletion_receipts_cause")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion_receipts")),
        sa.UniqueConstraint("job_id", name=op.f("uq_deletion_receipts_job_id")),
    )  # fmt: skip
    op.create_index(
        "ix_deletion_receipts_newest", "deletion_receipts", ["user_id", sa.text("erased_at DESC"), sa.text("id DESC")]
    )
    protect("deletion_receipts", readable_where=f"user_id = {CALLER}")
    op.execute("REVOKE UPDATE, DELETE ON deletion_receipts FROM service_role")
    op.execute(REFUSE)
    # Rights do not bind an owner who is a superuser; this does.
    op.execute(
        "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON deletion_receipts "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON deletion_receipts "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
