"""What one user used in a month."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from dubbing.billing import get_span
from dubbing.jobs import DELIVERED_STATES
from resources.database.connection import UnitOfWork
from resources.database.tables import DubbingJob, LanguageTask, Upload

_LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """A month of a user.

    Attributes:
        jobs: submitted in it.
        languages, dubbed_ms: delivered in it, and how long their recordings are.
    """

    jobs: int
    languages: int
    dubbed_ms: int


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
    return MonthOfUse(jobs=tx.session.scalar(jobs) or 0, languages=languages, dubbed_ms=int(dubbed_ms or 0))


def _get_month(month: date) -> tuple[datetime, datetime]:
    return get_span(month)[0], get_span((month + _LONGEST_MONTH).replace(day=1))[0]
