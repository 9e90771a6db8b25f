"""Routes of jobs."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.access import PROTECTED, AccessDependency
from api.jobs.retrying import RetryRequest, retry_own_job
from api.jobs.schemas import EventPage, EventQuery, JobPage, JobQuery, JobReply, JobRequest
from api.jobs.service import cancel_own_job, list_own_events, list_own_jobs, read_job
from api.jobs.submission import submit_job
from api.problems import VOICELESS, document

router = APIRouter(tags=["jobs"])

_ETAG = {"ETag": {"description": "Names this state of the job.", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "Where to poll the job.", "schema": {"type": "string"}}}


@router.post(
    "/jobs",
    status_code=202,
    responses={
        202: {"description": "The job is queued.", "headers": _LOCATION},
        **document(
            *PROTECTED,
            *VOICELESS,
            *("malformed_request", "bad_input", "empty_file", "not_media", "unsafe_media", "no_audio_stream"),
            *("truncated_media", "too_long", "unknown_language", "unsupported_language", "unknown_voice"),
            *(
                "too_many_languages",
                "upload_mismatch",
                "budget_exceeded",
                "spend_limit_too_low",
                "not_found",
                "upload_incomplete",
            ),
            *("idempotency_conflict", "request_too_large", "storage_failed", "object_missing"),
            *("disk_full", "busy", "erasure_under_way"),
        ),
    },
)
def create_job(
    access: AccessDependency,
    body: JobRequest,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Any unique word: the same request again gives the same job, for as long as the job exists.",
            examples=["0b6c1a52-4b0e-4f0e-9d0e-1f6f5c0c7a11"],
        ),
    ] = None,
) -> JobReply:
    """Submit a job on an uploaded recording. The recording is checked now; the dub is made in the background."""
    job = submit_job(access, body, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("/jobs", responses=document(*PROTECTED, "malformed_request"))
def list_jobs(access: AccessDependency, query: Annotated[JobQuery, Query()]) -> JobPage:
    """List your jobs, newest first. Pages stay as they are while jobs are being added."""
    return list_own_jobs(access, query)


@router.get(
    "/jobs/{job_id}",
    responses={
        200: {"description": "The job.", "headers": _ETAG},
        304: {"description": "Nothing has changed since the state named in If-None-Match.", "headers": _ETAG},
        **document(*PROTECTED, "malformed_request", "not_found"),
    },
    response_model=JobReply,
)
def get_job(
    access: AccessDependency,
    job_id: uuid.UUID,
    response: Response,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", max_length=1000, description="ETag of the last reply.")
    ] = None,
) -> JobReply | Response:
    """Read a job. Poll it with If-None-Match: as long as nothing changes the reply is an empty 304."""
    job, etag = read_job(access, job_id, if_none_match)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}  # kept by the caller's browser, and asked about
    if job is None:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return job


@router.get("/jobs/{job_id}/events", responses=document(*PROTECTED, "malformed_request", "not_found"))
def list_events(access: AccessDependency, job_id: uuid.UUID, query: Annotated[EventQuery, Query()]) -> EventPage:
    """List what happened to a job, oldest first; go on with `after=next_after`."""
    return list_own_events(access, job_id, query)


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    responses=document(*PROTECTED, "malformed_request", "not_found", "job_finished"),
)
def cancel_job(access: AccessDependency, job_id: uuid.UUID) -> JobReply:
    """Stop a job. Languages that are done already stay downloadable; cancelling twice is fine."""
    return cancel_own_job(access, job_id)


@router.post(
    "/jobs/{job_id}/retry",
    status_code=202,
    responses={
        202: {"description": "The languages are queued once more; only what is missing is bought."},
        **document(
            *PROTECTED,
            *("malformed_request", "not_found", "unknown_language", "job_busy", "job_finished"),
            *("budget_exceeded", "spend_limit_too_low", "storage_failed", "request_too_large"),
        ),
    },
)
def retry_job(access: AccessDependency, job_id: uuid.UUID, body: RetryRequest | None = None) -> JobReply:
    """Make failed languages of a job again, all or those that are named. What was delivered stays downloadable."""
    return retry_own_job(access, job_id, body or RetryRequest())
