"""The tables of money: what may be spent, what is held and spent, the bills, the vendors' invoices, and alerts.

Sums are whole micro-dollars. Days and months are those of UTC.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from dubbing.alerting import AlertKind
from dubbing.reconciling import Verdict
from resources.database.tables import EMPTY_OBJECT, NO, YES, Base, one_of


class BudgetLimit(Base):
    """What may be spent in a month: by one user, or, where no user is named, by the whole installation.

    It takes the place of the limit in the settings; ``limit_usd_micros`` is null where there is to be none.
    """

    __tablename__ = "budget_limits"
    __table_args__ = (
        UniqueConstraint("user_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("limit_usd_micros >= 0", name="limit"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID | None]
    limit_usd_micros: Mapped[int | None] = mapped_column(BigInteger)
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())


class Balance(Base):
    """What is held and what was spent in a month: of one user, or, where no user is named, of the whole installation.

    ``held`` is the sum of the open holds of that month, ``spent`` of what the released ones came to: all of it for the
    installation, what is charged for a user. ``month`` is its first day.
    """

    __tablename__ = "balances"
    __table_args__ = (
        UniqueConstraint("user_id", "month", postgresql_nulls_not_distinct=True),
        CheckConstraint("held_usd_micros >= 0", name="held"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID | None]
    month: Mapped[date]
    held_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    spent_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Hold(Base):
    """Money put aside for a job until its work is over; at most one of a job is open.

    ``held`` is the most that the calls since ``began_at`` may cost. Once released, ``spent`` is what the job had cost
    by then and no earlier hold had counted, ``charged`` the part of it that its user pays.
    """

    __tablename__ = "holds"
    __table_args__ = (
        Index("ix_holds_open", "job_id", unique=True, postgresql_where=text("released_at IS NULL")),
        Index("ix_holds_job_id", "job_id"),
        CheckConstraint("held_usd_micros >= 0", name="held"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dubbing_jobs.id"))
    user_id: Mapped[uuid.UUID]
    month: Mapped[date]
    held_usd_micros: Mapped[int] = mapped_column(BigInteger)
    spent_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    charged_usd_micros: Mapped[int] = mapped_column(BigInteger, server_default="0")
    began_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    released_at: Mapped[datetime | None]


class Bill(Base):
    """The bill of a day: when it was last made, from how much, and what its checks said.

    A day whose ledger rows, or whose languages, changed after ``made_at`` is made again. ``checks`` is the result by
    the check's name; the keys are those of its exports in the store.
    """

    __tablename__ = "bills"

    day: Mapped[date] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    run_id: Mapped[str | None]
    calls: Mapped[int]
    cost_usd_micros: Mapped[int] = mapped_column(BigInteger)
    charged_usd_micros: Mapped[int] = mapped_column(BigInteger)
    lost_usd_micros: Mapped[int] = mapped_column(BigInteger)
    doubtful_usd_micros: Mapped[int] = mapped_column(BigInteger)
    is_provisional: Mapped[bool] = mapped_column(server_default=NO)
    checks: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    parquet_key: Mapped[str | None]
    csv_key: Mapped[str | None]


class BillingRow(Base):
    """A line of the bill of a day: what one model did for one language of one job.

    ``cost`` is what is known of it; ``doubtful`` is the most that calls of unknown outcome may add to it. ``charged``
    is the part of ``cost`` that the user pays, ``lost`` that we bear. ``usage`` is by unit.
    """

    __tablename__ = "billing_daily"
    __table_args__ = (
        UniqueConstraint(
            "day", "job_id", "language", "vendor", "model", "operation", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("charged_usd_micros + lost_usd_micros = cost_usd_micros", name="whole"),
        CheckConstraint(
            "charged_usd_micros >= 0 AND lost_usd_micros >= 0 AND doubtful_usd_micros >= 0", name="positive"
        ),
        Index("ix_billing_daily_user_id", "user_id", "day"),
        Index("ix_billing_daily_job_id", "job_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, default=uuid.uuid4, server_default=text("gen_random_uuid()")
    )
    day: Mapped[date] = mapped_column(ForeignKey("bills.day", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID]
    job_id: Mapped[uuid.UUID]
    language: Mapped[str | None]
    vendor: Mapped[str]
    model: Mapped[str]
    operation: Mapped[str]
    calls: Mapped[int]
    failed_calls: Mapped[int]
    doubtful_calls: Mapped[int]
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    cost_usd_micros: Mapped[int] = mapped_column(BigInteger)
    charged_usd_micros: Mapped[int] = mapped_column(BigInteger)
    lost_usd_micros: Mapped[int] = mapped_column(BigInteger)
    doubtful_usd_micros: Mapped[int] = mapped_column(BigInteger)


class InvoiceRow(Base):
    """A vendor's invoice as it was compared with the ledger, and what that gave.

    ``from_at`` and ``to_at`` bound the calls that it speaks of; ``sha256`` names the file, so that one is not counted
    twice. ``variance`` is the invoice's total less the ledger's.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("vendor", "sha256"),
        Index("ix_invoices_newest", text("compared_at DESC"), text("id DESC")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    vendor: Mapped[str]
    sha256: Mapped[str]
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    compared_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    compared_by: Mapped[str]
    lines: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    invoiced_usd_micros: Mapped[int] = mapped_column(BigInteger)
    ledger_usd_micros: Mapped[int] = mapped_column(BigInteger)
    variance_usd_micros: Mapped[int] = mapped_column(BigInteger)
    doubts_ended: Mapped[int]


class InvoiceItem(Base):
    """One request of an invoice that is not simply right, or of the ledger that the invoice lacks.

    ``call_id`` is null where the ledger has no such call.
    """

    __tablename__ = "invoice_items"
    __table_args__ = (
        one_of("verdict", Verdict),
        Index("ix_invoice_items_invoice_id", "invoice_id"),
        Index("ix_invoice_items_call_id", "call_id", postgresql_where=text("call_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoices.id", ondelete="CASCADE"))
    verdict: Mapped[str]
    request_id: Mapped[str | None]
    call_id: Mapped[uuid.UUID | None]
    model: Mapped[str]
    at: Mapped[datetime]
    invoiced_usd_micros: Mapped[int | None] = mapped_column(BigInteger)
    ledger_usd_micros: Mapped[int | None] = mapped_column(BigInteger)
    was_doubtful: Mapped[bool] = mapped_column(server_default=NO)


class VendorQuota(Base):
    """What is left of our account at a vendor, as it last said, in its own unit."""

    __tablename__ = "vendor_quotas"

    vendor: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str]
    units_left: Mapped[int] = mapped_column(BigInteger)
    units_total: Mapped[int | None] = mapped_column(BigInteger)
    resets_at: Mapped[datetime | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AlertRule(Base):
    """A threshold; what is compared with it, and how, follows from the kind.

    It is in percent of a budget used, of a quota left, or of an invoice that the ledger differs by; for the spend rate
    in micro-dollars an hour.
    """

    __tablename__ = "alert_rules"
    __table_args__ = (one_of("kind", AlertKind), UniqueConstraint("kind", "threshold"))

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    threshold: Mapped[int] = mapped_column(BigInteger)
    is_on: Mapped[bool] = mapped_column(server_default=YES)
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())


class AlertRow(Base):
    """A threshold that was reached: by whom or what, with which value, and until when."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_open", "rule", "subject", unique=True, postgresql_where=text("cleared_at IS NULL")),
        Index("ix_alerts_newest", text("raised_at DESC"), text("id DESC")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    rule: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    threshold: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    cleared_at: Mapped[datetime | None]
