"""Account for vendors: what they cost, what a call used, how they answer, and the words that a job insists on.

Revision: 0004, after 0003. Every call recorded before it was to an engine of this machine and cost nothing.
The prices are list prices as of their day; an installation with others adds rows with a later day.
The migration gives up when a lock is not had within five seconds (set for every migration in env.py).
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import as_service, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EMPTY_OBJECT, EMPTY_LIST = sa.text("'{}'::jsonb"), sa.text("'[]'::jsonb")

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "list prices, November 2026, second-hand"
MINUTE, THOUSAND, MILLION = 60_000, 1_000, 1_000_000


def _tokens(fresh: int, cached: int, output: int, cache_write: int) -> dict[str, tuple[int, int]]:
    return {
        "input_tokens": (fresh, MILLION),
        "cached_input_tokens": (cached, MILLION),
        "cache_write_tokens": (cache_write, MILLION),
        "output_tokens": (output, MILLION),
    }


PRICES: dict[tuple[str, str], dict[str, tuple[int, int]]] = {
    ("deepgram", "nova-3"): {"ms": (7_700, MINUTE)},
    ("deepgram", "nova-3-multilingual"): {"ms": (9_200, MINUTE)},
    ("deepgram", "aura-2"): {"characters": (30_000, THOUSAND)},
    # Writing to the cache costs a quarter more than the input from GPT-5.6 on, and no more before.
    ("openai", "gpt-6-luna"): _tokens(100_000, 10_000, 500_000, 125_000),
    ("openai", "gpt-6-sol"): _tokens(2_000_000, 200_000, 10_000_000, 2_500_000),
    ("openai", "gpt-5.4-mini"): _tokens(750_000, 75_000, 4_500_000, 750_000),
    ("openai", "gpt-5.4-nano"): _tokens(200_000, 20_000, 1_250_000, 200_000),
    ("elevenlabs", "eleven_multilingual_v2"): {"characters": (100_000, THOUSAND)},
    ("elevenlabs", "eleven_v3"): {"characters": (100_000, THOUSAND)},
    ("elevenlabs", "eleven_flash_v2_5"): {"characters": (50_000, THOUSAND)},
    ("elevenlabs", "eleven_turbo_v2_5"): {"characters": (50_000, THOUSAND)},
}
"""Micro-dollars for so many units."""


def upgrade() -> None:
    """Apply."""
    _keep_what_was_used()
    op.add_column("dubbing_jobs", sa.Column("glossary", postgresql.JSONB(), server_default=EMPTY_LIST, nullable=False))
    op.add_column(
        "language_tasks", sa.Column("casting", postgresql.JSONB(), server_default=EMPTY_OBJECT, nullable=False)
    )
    op.add_column("translations", sa.Column("flags", postgresql.JSONB(), server_default=EMPTY_LIST, nullable=False))
    op.add_column("translations", sa.Column("is_final", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("dubbed_segments", sa.Column("flags", postgresql.JSONB(), server_default=EMPTY_LIST, nullable=False))
    op.add_column("dubbed_segments", sa.Column("translation_error", sa.Text(), nullable=True))
    op.add_column("dubbed_segments", sa.Column("vendor_speed", sa.Float(), nullable=True))
    _price()
    op.create_table(
        "vendor_circuits",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("openings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_trial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("vendor", name=op.f("pk_vendor_circuits")),
    )
    op.create_table(
        "vendor_voices",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("voices", postgresql.JSONB(), nullable=False),
        sa.Column(
            "fetched_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("vendor", name=op.f("pk_vendor_voices")),
    )
    for table in ("price_table", "vendor_circuits", "vendor_voices"):
        protect(table)


def _keep_what_was_used() -> None:
    op.add_column("vendor_calls", sa.Column("vendor", sa.Text(), server_default="local", nullable=False))
    op.add_column("vendor_calls", sa.Column("model", sa.Text(), server_default="local", nullable=False))
    for column in ("vendor", "model"):
        op.alter_column("vendor_calls", column, server_default=None)
    op.add_column("vendor_calls", sa.Column("usage", postgresql.JSONB(), server_default=EMPTY_OBJECT, nullable=False))
    op.add_column(
        "vendor_calls", sa.Column("estimated_usd_micros", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("vendor_calls", sa.Column("price_effective_from", sa.DateTime(timezone=True), nullable=True))
    with as_service():
        op.execute("UPDATE vendor_calls SET usage = jsonb_build_object(unit, units)")
    op.drop_column("vendor_calls", "unit")
    op.drop_column("vendor_calls", "units")
    op.create_index("ix_vendor_calls_started_at", "vendor_calls", ["started_at"])


def _price() -> None:
    table = op.create_table(
        "price_table",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("per_units", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "model", "effective_from", "unit", name=op.f("pk_price_table")),
        sa.CheckConstraint("usd_micros >= 0 AND per_units > 0", name=op.f("ck_price_table_positive")),
    )
    op.bulk_insert(
        table,
        [
            {
                "vendor": vendor,
                "model": model,
                "effective_from": SINCE,
                "unit": unit,
                "usd_micros": micros,
                "per_units": units,
                "source": SOURCE,
            }
            for (vendor, model), prices in PRICES.items()
            for unit, (micros, units) in prices.items()
        ],
    )


def downgrade() -> None:
    """Undo."""
    for table in ("price_table", "vendor_circuits", "vendor_voices"):
        op.drop_table(table)
    for table, column in (
        ("dubbed_segments", "vendor_speed"),
        ("dubbed_segments", "translation_error"),
        ("dubbed_segments", "flags"),
        ("translations", "is_final"),
        ("translations", "flags"),
        ("language_tasks", "casting"),
        ("dubbing_jobs", "glossary"),
    ):
        op.drop_column(table, column)
    op.drop_index("ix_vendor_calls_started_at", "vendor_calls")
    op.add_column("vendor_calls", sa.Column("unit", sa.Text(), server_default="unit", nullable=False))
    op.add_column("vendor_calls", sa.Column("units", sa.BigInteger(), server_default="0", nullable=False))
    for column in ("unit", "units"):
        op.alter_column("vendor_calls", column, server_default=None)
    for column in ("price_effective_from", "estimated_usd_micros", "usage", "model", "vendor"):
        op.drop_column("vendor_calls", column)
