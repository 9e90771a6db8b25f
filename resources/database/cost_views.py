"""What was spent, by whatever one asks: read from the bills alone, never from the ledger."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from dubbing.billing import Sums
from resources.database.connection import UnitOfWork
from resources.database.money_tables import BillingRow


class Group(StrEnum):
    """What costs can be shown by."""

    DAY = "day"
    USER = "user"
    JOB = "job"
    LANGUAGE = "language"
    VENDOR = "vendor"
    MODEL = "model"
    OPERATION = "operation"


_COLUMNS = {
    Group.DAY: BillingRow.day,
    Group.USER: BillingRow.user_id,
    Group.JOB: BillingRow.job_id,
    Group.LANGUAGE: BillingRow.language,
    Group.VENDOR: BillingRow.vendor,
    Group.MODEL: BillingRow.model,
    Group.OPERATION: BillingRow.operation,
}
_SUMMED = ("calls", "failed_calls", "doubtful_calls", "cost_usd_micros", "doubtful_usd_micros")
_SUMS = {name: func.sum(getattr(BillingRow, name)) for name in (*_SUMMED, "charged_usd_micros", "lost_usd_micros")}
_TOTAL = "total_"


@dataclass(frozen=True, slots=True)
class CostQuery:
    """Which costs.

    Attributes:
        first, last: days, both included.
        groups: what they are shown by, in this order.
        limit: most rows; the costly ones come first, but for days, which come in order.
    """

    first: date
    last: date
    groups: tuple[Group, ...]
    limit: int


@dataclass(frozen=True, slots=True)
class CostRow:
    """What came to one group; a language of None is what served all languages of a job."""

    keys: Mapping[Group, date | uuid.UUID | str | None]
    sums: Sums
    charged_usd_micros: int
    lost_usd_micros: int


@dataclass(frozen=True, slots=True)
class Costs:
    """What a span came to.

    Attributes:
        left_out: rows beyond the limit; ``total`` counts them.
        provisional_days: something that goes on may change their bill, or changed since it was made.
        unbilled_days: have calls and no bill, and are not in these figures.
    """

    rows: Sequence[CostRow]
    total: CostRow
    left_out: int
    provisional_days: Sequence[date]
    unbilled_days: Sequence[date]


def list_costs(tx: UnitOfWork, query: CostQuery) -> Costs:
    """Sum up the bills of a span."""
    keys = [_COLUMNS[group] for group in query.groups]
    in_span = BillingRow.day.between(query.first, query.last)
    # One statement, so that rows and total are of the same bills, whichever is made anew meanwhile.
    sums = [each.label(name) for name, each in _SUMS.items()]
    totals = [func.sum(each).over().label(f"{_TOTAL}{name}") for name, each in _SUMS.items()]
    statement = select(*keys, *sums, *totals, func.count().over().label("rows")).where(in_span).group_by(*keys)
    costly = func.sum(BillingRow.cost_usd_micros).desc()
    order = [BillingRow.day, costly] if query.groups[:1] == (Group.DAY,) else [costly]
    found = tx.session.execute(statement.order_by(*order, *keys).limit(query.limit)).all()
    return Costs(
        rows=[_build_row(query.groups, row) for row in found],
        total=_build_row((), found[0], _TOTAL) if found else CostRow({}, Sums(), 0, 0),
        left_out=found[0].rows - len(found) if found else 0,
        provisional_days=tx.bills.list_provisional(query.first, query.last),
        unbilled_days=tx.bills.list_unbilled(query.first, query.last),
    )


def _build_row(groups: Sequence[Group], row: Any, prefix: str = "") -> CostRow:
    return CostRow(
        dict(zip(groups, row, strict=False)),
        Sums(*(int(getattr(row, f"{prefix}{name}")) for name in _SUMMED)),
        int(getattr(row, f"{prefix}charged_usd_micros")),
        int(getattr(row, f"{prefix}lost_usd_micros")),
    )
