"""What a job cost, as its ledger has it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select

from resources.database.connection import UnitOfWork
from resources.database.tables import CallState, VendorCall


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent on one language, or on all of them together.

    Attributes:
        cost_usd_micros: billed.
        doubtful_usd_micros: what calls whose outcome is unknown may cost on top, about and at most.
    """

    cost_usd_micros: int = 0
    doubtful_usd_micros: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            self.cost_usd_micros + other.cost_usd_micros, self.doubtful_usd_micros + other.doubtful_usd_micros
        )


def load_spending(tx: UnitOfWork, job_id: uuid.UUID) -> Mapping[str, Spending]:
    """Sum a job's calls by language; those that serve all languages are under ""."""
    doubtful = case((VendorCall.state == CallState.SPEND_UNKNOWN.value, VendorCall.estimated_usd_micros), else_=0)
    statement = (
        select(
            func.coalesce(VendorCall.language, "").label("language"),
            func.sum(VendorCall.cost_usd_micros).label("cost"),
            func.sum(doubtful).label("doubtful"),
        )
        .where(VendorCall.job_id == job_id)
        .group_by(VendorCall.language)
    )
    return {row.language: Spending(int(row.cost), int(row.doubtful)) for row in tx.session.execute(statement)}
