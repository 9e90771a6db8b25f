"""Which jobs wait for a run, and which are in flight: what the sensors ask."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from dubbing.jobs import FINAL_JOB_STATES, LanguageState
from resources.database.tables import DubbingJob, LanguageTask, Upload

SERVED_SINCE = func.pg_postmaster_start_time()
"""When Postgres was started."""


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job whose attempt has no run that we know of.

    Attributes:
        languages: how many it has.
        jobs_before: of the same user: those in flight, and those that wait and are older.
    """

    job: DubbingJob
    upload: Upload
    languages: int
    jobs_before: int


@dataclass(frozen=True, slots=True)
class JobInFlight:
    """A job whose run is not known to be over.

    Attributes:
        languages: in the order in which they ended, those under way last.
        heartbeat_at: when somebody last showed work on it; None if nobody did.
        served_since: when Postgres was started: before that nobody could show anything.
        seen_at: when this was read, on the clock of Postgres as the others.
    """

    job: DubbingJob
    languages: tuple[LanguageState, ...]
    heartbeat_at: datetime | None
    served_since: datetime
    seen_at: datetime


class Launches:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_waiting(self, limit: int, *, most_per_user: int | None = None) -> Sequence[WaitingJob]:
        """Return jobs whose attempt has no run yet: everybody's first, then everybody's second, the oldest first.

        An attempt waits until the run of the one before is over: two runs would fight for the job. One that has ended
        meanwhile counts for nothing and is returned always.

        Args:
            limit: most jobs returned.
            most_per_user: a job is not returned before fewer than so many come before it; None where that does not
                matter.
        """
        places = _rank_waiting()
        chosen = select(places).order_by(places.c.jobs_before, places.c.created_at, places.c.id).limit(limit)
        if most_per_user is not None:
            chosen = chosen.where(or_(places.c.has_ended, places.c.jobs_before < most_per_user))
        first = chosen.subquery()
        languages = (
            select(func.count()).where(LanguageTask.job_id == DubbingJob.id).correlate(DubbingJob).scalar_subquery()
        )
        statement = (
            select(DubbingJob, Upload, languages, first.c.jobs_before)
            .join(first, first.c.id == DubbingJob.id)
            .join(Upload, Upload.id == DubbingJob.upload_id)
            .order_by(first.c.jobs_before, DubbingJob.created_at, DubbingJob.id)
        )
        return [WaitingJob(*row) for row in self._session.execute(statement)]

    def mark_launched(self, job_id: uuid.UUID, attempt: int, run_id: str) -> None:
        """Record that an attempt has its run."""
        self._session.execute(
            update(DubbingJob)
            .where(DubbingJob.id == job_id, DubbingJob.launched_attempt < attempt)
            .values(launched_attempt=attempt, run_id=run_id)
        )

    def mark_needless(self, job_id: uuid.UUID, attempt: int) -> None:
        """Record that an attempt was over before it had a run, and is not to get one."""
        self._session.execute(
            update(DubbingJob)
            .where(DubbingJob.id == job_id, DubbingJob.launched_attempt < attempt)
            .values(launched_attempt=attempt, ended_attempt=attempt)
        )

    def list_in_flight(self, limit: int, *, after: uuid.UUID | None = None) -> Sequence[JobInFlight]:
        """Return jobs whose run is not known to be over, in a fixed order."""
        statement = select(DubbingJob).where(DubbingJob.ended_attempt < DubbingJob.launched_attempt)
        if after is not None:
            statement = statement.where(DubbingJob.id > after)
        return self._see(self._session.scalars(statement.order_by(DubbingJob.id).limit(limit)).all())

    def find_in_flight(self, job_id: uuid.UUID, run_id: str | None) -> JobInFlight | None:
        """Find a job that is still in flight with this run, and hold it until the transaction ends."""
        statement = select(DubbingJob).where(
            DubbingJob.id == job_id,
            DubbingJob.run_id.is_not_distinct_from(run_id),
            DubbingJob.ended_attempt < DubbingJob.launched_attempt,
        )
        # As weak as the lock of everybody else who changes a job, so that nobody waits for each other.
        found = self._session.scalars(statement.with_for_update(key_share=True)).one_or_none()
        return self._see([found])[0] if found is not None else None

    def _see(self, jobs: Sequence[DubbingJob]) -> list[JobInFlight]:
        """Add what is seen of the languages; asked after the jobs, so that it is no older than a lock on them."""
        states_by_end = func.array_agg(
            aggregate_order_by(LanguageTask.state, LanguageTask.finished_at.asc().nulls_last())
        )
        statement = (
            select(LanguageTask.job_id, states_by_end, func.max(LanguageTask.heartbeat_at))
            .where(LanguageTask.job_id.in_([job.id for job in jobs]))
            .group_by(LanguageTask.job_id)
        )
        seen = {job_id: (states, beat) for job_id, states, beat in self._session.execute(statement)}
        since, now = self._session.execute(select(SERVED_SINCE, func.clock_timestamp())).one()
        return [
            JobInFlight(job, tuple(LanguageState(state) for state in states), beat, since, now)
            for job in jobs
            for states, beat in [seen.get(job.id, ((), None))]
        ]

    def mark_ended(self, job_id: uuid.UUID, attempt: int) -> None:
        """Record that the run of an attempt is over."""
        self._session.execute(
            update(DubbingJob)
            .where(DubbingJob.id == job_id, DubbingJob.ended_attempt < attempt)
            .values(ended_attempt=attempt)
        )

    def mark_relaunched(self, job_id: uuid.UUID, run_id: str) -> None:
        """Record that another run goes on with the attempt of one that crashed."""
        self._session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(run_id=run_id))


def _rank_waiting() -> Subquery:
    """Count, for every attempt that waits for a run, the jobs of its user that come before it."""
    in_flight = (
        select(DubbingJob.user_id, func.count().label("jobs"))
        .where(DubbingJob.ended_attempt < DubbingJob.launched_attempt)
        .group_by(DubbingJob.user_id)
        .subquery()
    )
    has_ended = DubbingJob.state.in_([state.value for state in FINAL_JOB_STATES])
    older = func.row_number().over(
        partition_by=(DubbingJob.user_id, has_ended), order_by=(DubbingJob.created_at, DubbingJob.id)
    )
    return (
        select(
            DubbingJob.id,
            DubbingJob.created_at,
            has_ended.label("has_ended"),
            (older - 1 + func.coalesce(in_flight.c.jobs, 0)).label("jobs_before"),
        )
        .outerjoin(in_flight, in_flight.c.user_id == DubbingJob.user_id)
        .where(
            DubbingJob.launched_attempt < DubbingJob.attempt,
            DubbingJob.ended_attempt == DubbingJob.launched_attempt,
        )
        .subquery()
    )
