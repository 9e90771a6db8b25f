"""What one user used in a month."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from dubbing.billing import get_span
from dubbing.jobs import DELIVERED_STATES
from resources.database.connection import UnitOfWork
from resources.database.money_tables import Balance, BudgetLimit
from resources.database.tables import DubbingJob, LanguageTask, Upload

_LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """A month of a user.

    Attributes:
        jobs: submitted in it.
        languages, dubbed_ms: delivered in it, and how long their recordings are.
        charged_usd_micros, held_usd_micros: by the user's balance.
        has_own_limit: one was set for this user; ``limit_usd_micros`` of None then means none.
    """

    jobs: int
    languages: int
    dubbed_ms: int
    charged_usd_micros: int
    held_usd_micros: int
    has_own_limit: bool
    limit_usd_micros: int | None


def load_usage(tx: UnitOfWork, user_id: uuid.UUID, month: date) -> MonthOfUse:
    """Sum up a user's month; ``month`` is its first day."""
    begin, end = _get_month(month)
    jobs = select(func.count()).where(
        DubbingJob.user_id == user_id, DubbingJob.created_at >= begin, DubbingJob.created_at < end
    )
    delivered = (
        select(func.count(), func.coalesce(func.sum(Upload.duration_ms), 0))
        .select_from(LanguageTask)
        .join(DubbingJob, DubbingJob.id == LanguageTask.job_id)
        .join(Upload, Upload.id == DubbingJob.upload_id)
        .where(
            DubbingJob.user_id == user_id,
            LanguageTask.state.in_([state.value for state in DELIVERED_STATES]),
            LanguageTask.finished_at >= begin,
            LanguageTask.finished_at < end,
        )
    )
    languages, dubbed_ms = tx.session.execute(delivered).one()
    balance = tx.session.scalars(select(Balance).where(Balance.user_id == user_id, Balance.month == month)).first()
    limit = tx.session.scalars(select(BudgetLimit).where(BudgetLimit.user_id == user_id)).first()
    return MonthOfUse(
        jobs=tx.session.scalar(jobs) or 0,
        languages=languages,
        dubbed_ms=int(dubbed_ms or 0),
        charged_usd_micros=balance.spent_usd_micros if balance is not None else 0,
        held_usd_micros=balance.held_usd_micros if balance is not None else 0,
        has_own_limit=limit is not None,
        limit_usd_micros=limit.limit_usd_micros if limit is not None else None,
    )


def _get_month(month: date) -> tuple[datetime, datetime]:
    return get_span(month)[0], get_span((month + _LONGEST_MONTH).replace(day=1))[0]
