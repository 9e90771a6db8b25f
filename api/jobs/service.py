"""Reading and cancelling the caller's own jobs."""

import uuid

from api.access import Access
from api.cursors import cut_page, parse_cursor
from api.jobs.replies import build_etag, build_event_reply, build_job_reply
from api.jobs.schemas import EventPage, EventQuery, JobPage, JobQuery, JobReply
from dubbing.errors import JobFinishedError, NotFoundError
from dubbing.jobs import FINAL_JOB_STATES, JobState
from dubbing.launching import ended_by_cancel
from resources.database.connection import UnitOfWork
from resources.database.deletion_views import list_deletions
from resources.database.positions import Position
from resources.database.tables import DubbingJob

NO_SUCH_JOB = "There is no such job."


def list_own_jobs(access: Access, query: JobQuery) -> JobPage:
    """Return a page of jobs, newest first."""
    after = parse_cursor(query.cursor)
    with access.transaction() as tx:
        found = tx.views.list_page(access.caller.user_id, state=query.status, after=after, limit=query.limit + 1)
        jobs, next_cursor = cut_page(found, query.limit, lambda job: Position(job.created_at, job.id))
        languages = tx.views.list_languages([job.id for job in jobs])
        recovering = tx.views.list_recovering([job.id for job in jobs])
        deletions = list_deletions(tx, jobs)
    return JobPage(
        items=[
            build_job_reply(job, languages[job.id], is_recovering=job.id in recovering, deletion=deletions.get(job.id))
            for job in jobs
        ],
        next_cursor=next_cursor,
    )


def read_job(access: Access, job_id: uuid.UUID, known_etags: str | None) -> tuple[JobReply | None, str]:
    """Return a job and its ETag; no job when the caller has this state already, which costs one query.

    Args:
        known_etags: the header ``If-None-Match``.

    Raises:
        NotFoundError: no such job of the caller's.
    """
    with access.transaction() as tx:
        # Before the rows: what changes in between makes the next poll a full one, and is never hidden.
        version = tx.views.find_version(access.caller.user_id, job_id)
        if version is None:
            raise NotFoundError(NO_SUCH_JOB)
        etag = build_etag(version)
        if known_etags is not None and etag in {known.strip() for known in known_etags.split(",")}:
            return None, etag
        return _describe(tx, find_own_job(access, tx, job_id)), etag


def list_own_events(access: Access, job_id: uuid.UUID, query: EventQuery) -> EventPage:
    """Return what happened to a job after an event.

    Raises:
        NotFoundError: no such job of the caller's.
    """
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        events = tx.views.list_events(job_id, after=query.after, limit=query.limit)
    return EventPage(
        items=[build_event_reply(event) for event in events],
        next_after=events[-1].id if events else query.after,
    )


def cancel_own_job(access: Access, job_id: uuid.UUID) -> JobReply:
    """Cancel a job; one that is cancelled already stays so.

    Raises:
        NotFoundError: no such job of the caller's.
        JobFinishedError: it has ended by itself.
    """
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        with tx.as_service():
            job = tx.jobs.lock(job_id)
            if JobState(job.state) in FINAL_JOB_STATES and not ended_by_cancel(tx.jobs.list_states_by_end(job_id)):
                raise JobFinishedError("The job has ended already; there is nothing to cancel.")
            tx.jobs.cancel(job_id)
            tx.session.expire_all()
            return _describe(tx, tx.jobs.get(job_id))


def find_own_job(access: Access, tx: UnitOfWork, job_id: uuid.UUID) -> DubbingJob:
    """Return a job of the caller's.

    Raises:
        NotFoundError: there is none; whether it is somebody else's is not said.
    """
    job = tx.views.find(access.caller.user_id, job_id)
    if job is None:
        raise NotFoundError(NO_SUCH_JOB)
    return job


def _describe(tx: UnitOfWork, job: DubbingJob) -> JobReply:
    return build_job_reply(
        job,
        tx.views.list_languages([job.id])[job.id],
        is_recovering=bool(tx.views.list_recovering([job.id])),
        deletion=list_deletions(tx, [job]).get(job.id),
    )
