"""What goes on at a moment, put straight into the tables: jobs at work and waiting, calls of late."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import func, update

from dubbing.jobs import LanguageState
from resources.database.connection import Database
from resources.database.tables import CallState, DubbingJob, JobEvent, LanguageTask, VendorCall
from tests.support.jobs import add_job


def add_waiting_job(database: Database, *, since: timedelta = timedelta()) -> uuid.UUID:
    """Add a job that nobody has taken to Dagster, queued so long ago."""
    job_id = add_job(database)
    with database.transaction() as tx:
        queued = update(JobEvent).where(JobEvent.job_id == job_id)
        tx.session.execute(queued.values(at=func.clock_timestamp() - since))
    return job_id


def add_job_in_flight(database: Database, *, silence: timedelta | None = timedelta(), **columns: Any) -> uuid.UUID:
    """Add a job whose run has begun on its Spanish; ``silence`` is since its last heartbeat."""
    job_id = add_job(database)
    with database.transaction() as tx:
        tx.launches.mark_launched(job_id, 1, "run")
        tx.jobs.advance(job_id, "es", LanguageState.MIXING, 80)
    beat = func.clock_timestamp() - silence if silence is not None else None
    set_language(database, job_id, "es", heartbeat_at=beat, **columns)
    return job_id


def set_language(database: Database, job_id: uuid.UUID, language: str, **columns: Any) -> None:
    task = (LanguageTask.job_id == job_id) & (LanguageTask.language == language)
    with database.transaction() as tx:
        tx.session.execute(update(LanguageTask).where(task).values(**columns))


def set_job(database: Database, job_id: uuid.UUID, **columns: Any) -> None:
    with database.transaction() as tx:
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(**columns))


def add_call(
    database: Database, job_id: uuid.UUID, *, began: timedelta = timedelta(), state: CallState, **columns: Any
) -> None:
    """Add a call that began so long ago; one that has ended took no time."""
    at = func.clock_timestamp() - began
    given = {"vendor": "deepgram", "operation": "synthesize", "language": "es"} | columns
    row = VendorCall(job_id=job_id, model="m", engine="e", content_key="k", state=state.value, started_at=at, **given)
    if state is not CallState.STARTED:
        row.settled_at = at
    with database.transaction() as tx:
        tx.session.add(row)
