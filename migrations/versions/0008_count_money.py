"""Count money: what may be spent, what is held and spent, the bills of the days, vendors' invoices, and alerts.

Revision: 0008, after 0007. What jobs cost before is in the ledger; no hold is made for them, and their days can be billed.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import as_service, protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    "budget_limits", "balances", "holds",
    "bills", "billing_daily", "invoices", "invoice_items",
    "vendor_quotas", "alert_rules", "alerts",
)  # fmt: skip

DOLLAR = 1_000_000
RULES = (
    ("budget half used", "budget_used", 50),
    ("budget nearly used", "budget_used", 80),
    ("budget used up", "budget_used", 100),
    ("vendor quota low", "vendor_quota_left", 20),
    ("vendor quota nearly gone", "vendor_quota_left", 5),
    ("spending fast", "spend_rate", 20 * DOLLAR),
    ("invoice differs", "invoice_variance", 1),
)
"""Percent, or micro-dollars an hour; an installation sets its own."""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alert_rules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('budget_used', 'vendor_quota_left', 'spend_rate', 'invoice_variance')",
            name=op.f("ck_alert_rules_kind"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alert_rules")),
        sa.UniqueConstraint("kind", "threshold", name=op.f("uq_alert_rules_kind_threshold")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_newest", "alerts", [sa.text("raised_at DESC"), sa.text("id DESC")], unique=False)
    op.create_index(
        "ix_alerts_open", "alerts", ["rule", "subject"], unique=True, postgresql_where=sa.text("cleared_at IS NULL")
    )
    op.create_table(
        "balances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("held_usd_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent_usd_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("held_usd_micros >= 0", name=op.f("ck_balances_held")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balances")),
        sa.UniqueConstraint(
            "user_id", "month", name=op.f("uq_balances_user_id_month"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "bills",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("charged_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("lost_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("doubtful_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("checks", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("parquet_key", sa.Text(), nullable=True),
        sa.Column("csv_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_bills")),
    )
    op.create_table(
        "budget_limits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("limit_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.CheckConstraint("limit_usd_micros >= 0", name=op.f("ck_budget_limits_limit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_limits")),
        sa.UniqueConstraint("user_id", name=op.f("uq_budget_limits_user_id"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("compared_by", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("invoiced_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("ledger_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("variance_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("doubts_ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("vendor", "sha256", name=op.f("uq_invoices_vendor_sha256")),
    )
    op.create_index("ix_invoices_newest", "invoices", [sa.text("compared_at DESC"), sa.text("id DESC")], unique=False)
    op.create_table(
        "vendor_quotas",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("units_left", sa.BigInteger(), nullable=False),
        sa.Column("units_total", sa.BigInteger(), nullable=True),
        sa.Column("resets_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", name=op.f("pk_vendor_quotas")),
    )
    op.create_table(
        "billing_daily",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("failed_calls", sa.Integer(), nullable=False),
        sa.Column("doubtful_calls", sa.Integer(), nullable=False),
        sa.Column("usage", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("cost_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("charged_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("lost_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("doubtful_usd_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "charged_usd_micros + lost_usd_micros = cost_usd_micros", name=op.f("ck_billing_daily_whole")
        ),
        sa.CheckConstraint(
            "charged_usd_micros >= 0 AND lost_usd_micros >= 0 AND doubtful_usd_micros >= 0",
            name=op.f("ck_billing_daily_positive"),
        ),
        sa.ForeignKeyConstraint(["day"], ["bills.day"], name=op.f("fk_billing_daily_day_bills"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_daily")),
        sa.UniqueConstraint(
            "day",
            "job_id",
            "language",
            "vendor",
            "model",
            "operation",
            name=op.f("uq_billing_daily_day_job_id_language_vendor_model_operation"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_billing_daily_job_id", "billing_daily", ["job_id"], unique=False)
    op.create_index("ix_billing_daily_user_id", "billing_daily", ["user_id", "day"], unique=False)
    op.create_table(
        "invoice_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoiced_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column("ledger_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column("was_doubtful", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('matched', 'different', 'missing_in_ledger', 'missing_in_invoice')",
            name=op.f("ck_invoice_items_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_items_invoice_id_invoices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_items")),
    )
    op.create_index(
        "ix_invoice_items_call_id",
        "invoice_items",
        ["call_id"],
        unique=False,
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )
    op.create_index("ix_invoice_items_invoice_id", "invoice_items", ["invoice_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("held_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("spent_usd_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("charged_usd_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("held_usd_micros >= 0", name=op.f("ck_holds_held")),
        sa.ForeignKeyConstraint(["job_id"], ["dubbing_jobs.id"], name=op.f("fk_holds_job_id_dubbing_jobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_job_id", "holds", ["job_id"], unique=False)
    op.create_index("ix_holds_open", "holds", ["job_id"], unique=True, postgresql_where=sa.text("released_at IS NULL"))
    op.add_column("dubbing_jobs", sa.Column("max_spend_usd_micros", sa.BigInteger(), nullable=True))
    op.add_column("vendor_calls", sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_vendor_calls_reconciled_at",
        "vendor_calls",
        ["reconciled_at"],
        unique=False,
        postgresql_where=sa.text("reconciled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_vendor_calls_request",
        "vendor_calls",
        ["vendor", "vendor_request_id"],
        unique=False,
        postgresql_where=sa.text("vendor_request_id IS NOT NULL"),
    )
    op.create_index("ix_vendor_calls_settled_at", "vendor_calls", ["settled_at"], unique=False)
    for table in TABLES:
        protect(table)
    rules = sa.table("alert_rules", sa.column("name"), sa.column("kind"), sa.column("threshold"), sa.column("set_by"))
    with as_service():
        op.bulk_insert(
            rules,
            [{"name": name, "kind": kind, "threshold": at, "set_by": "dubline"} for name, kind, at in RULES],
        )


def downgrade() -> None:
    """Undo; what was set, billed and compared is lost with its tables."""
    op.drop_index("ix_vendor_calls_settled_at", table_name="vendor_calls")
    op.drop_index(
        "ix_vendor_calls_request", table_name="vendor_calls", postgresql_where=sa.text("vendor_request_id IS NOT NULL")
    )
    op.drop_index(
        "ix_vendor_calls_reconciled_at",
        table_name="vendor_calls",
        postgresql_where=sa.text("reconciled_at IS NOT NULL"),
    )
    op.drop_column("vendor_calls", "reconciled_at")
    op.drop_column("dubbing_jobs", "max_spend_usd_micros")
    op.drop_index("ix_holds_open", table_name="holds", postgresql_where=sa.text("released_at IS NULL"))
    op.drop_index("ix_holds_job_id", table_name="holds")
    op.drop_table("holds")
    op.drop_index("ix_invoice_items_invoice_id", table_name="invoice_items")
    op.drop_index(
        "ix_invoice_items_call_id", table_name="invoice_items", postgresql_where=sa.text("call_id IS NOT NULL")
    )
    op.drop_table("invoice_items")
    op.drop_index("ix_billing_daily_user_id", table_name="billing_daily")
    op.drop_index("ix_billing_daily_job_id", table_name="billing_daily")
    op.drop_table("billing_daily")
    op.drop_table("vendor_quotas")
    op.drop_index("ix_invoices_newest", table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("budget_limits")
    op.drop_table("bills")
    op.drop_table("balances")
    op.drop_index("ix_alerts_open", table_name="alerts", postgresql_where=sa.text("cleared_at IS NULL"))
    op.drop_index("ix_alerts_newest", table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("alert_rules")
