"""Keep letters: what is known of a failure, and what work may wait for.

Revision: 0006, after 0005.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import as_service

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EMPTY_OBJECT = sa.text("'{}'::jsonb")


def upgrade() -> None:
    """Apply."""
    op.add_column("dead_letters", sa.Column("vendor_words", sa.Text(), nullable=True))
    op.add_column("dead_letters", sa.Column("run_id", sa.Text(), nullable=True))
    op.add_column(
        "dead_letters", sa.Column("snapshot", postgresql.JSONB(), server_default=EMPTY_OBJECT, nullable=False)
    )
    op.add_column("dead_letters", sa.Column("spent_usd_micros", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_constraint(op.f("ck_dead_letters_state"), "dead_letters")
    op.create_check_constraint(
        op.f("ck_dead_letters_state"), "dead_letters", "state IN ('open', 'replaying', 'replayed', 'discarded')"
    )
    op.create_index("ix_dead_letters_newest", "dead_letters", ["state", sa.text("last_at DESC"), sa.text("id DESC")])
    op.drop_constraint(op.f("ck_language_tasks_waiting_on"), "language_tasks")
    op.create_check_constraint(
        op.f("ck_language_tasks_waiting_on"),
        "language_tasks",
        "waiting_on IN ('queue', 'vendor', 'rate_limit', 'store', 'disk', 'machine')",
    )


def downgrade() -> None:
    """Take back; who waits for what was not known is shown as worked on."""
    with as_service():
        op.execute("UPDATE language_tasks SET waiting_on = NULL WHERE waiting_on IN ('store', 'disk', 'machine')")
        op.execute("UPDATE dead_letters SET state = 'open' WHERE state = 'replaying'")
    op.drop_constraint(op.f("ck_language_tasks_waiting_on"), "language_tasks")
    op.create_check_constraint(
        op.f("ck_language_tasks_waiting_on"), "language_tasks", "waiting_on IN ('queue', 'vendor', 'rate_limit')"
    )
    op.drop_index("ix_dead_letters_newest", "dead_letters")
    op.drop_constraint(op.f("ck_dead_letters_state"), "dead_letters")
    op.create_check_constraint(
        op.f("ck_dead_letters_state"), "dead_letters", "state IN ('open', 'replayed', 'discarded')"
    )
    for column in ("spent_usd_micros", "snapshot", "run_id", "vendor_words"):
        op.drop_column("dead_letters", column)
