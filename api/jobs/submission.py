"""Submitting a job: its recording admitted, its languages planned, and all of it written in one transaction."""

import uuid

from sqlalchemy.exc import IntegrityError

from api.access import Access
from api.jobs.replies import build_job_reply
from api.jobs.schemas import JobReply, JobRequest
from dubbing.content_key import build_content_key
from dubbing.errors import IdempotencyConflictError, NotFoundError, TooManyLanguagesError
from resources import intake
from resources.database.connection import UnitOfWork
from resources.database.tables import DubbingJob, Upload
from resources.intake import JobPlan

NO_SUCH_UPLOAD = "There is no such upload."


def submit_job(access: Access, wanted: JobRequest, idempotency_key: str | None) -> JobReply:
    """Make a job, or give back the one that the same request made before.

    Raises:
        NotFoundError: no such upload of the caller's.
        InputError, UploadIncompleteError, UploadMismatchError: the recording cannot be dubbed.
        IdempotencyConflictError: the key stands for another body.
        BudgetExceededError: there is no money for it.
    """
    plan = _plan(access, wanted)
    try:
        return _submit(access, wanted, plan, idempotency_key)
    except IntegrityError:
        # Two requests with one key at the same moment: the other one was first, and now it can be seen.
        return _submit(access, wanted, plan, idempotency_key)


def _plan(access: Access, wanted: JobRequest) -> JobPlan:
    limit = access.container.settings.max_languages
    if len(wanted.target_languages) > limit:
        raise TooManyLanguagesError(f"One job may have {limit} target languages; submit the others as another job.")
    return access.container.intake.plan(
        intake.JobRequest(
            access.caller.user_id, wanted.target_languages, wanted.source_language, wanted.voices, wanted.reference
        )
    )


def _submit(access: Access, wanted: JobRequest, plan: JobPlan, idempotency_key: str | None) -> JobReply:
    digest = build_content_key("submission", body=wanted.model_dump(mode="json"))
    with access.transaction() as tx:
        if idempotency_key is not None:
            made = tx.jobs.find_by_idempotency_key(access.caller.user_id, idempotency_key)
            if made is not None:
                return _repeat(tx, made, digest)
        upload = tx.uploads.find(wanted.upload_id)
        if upload is None:
            raise NotFoundError(NO_SUCH_UPLOAD)
        with tx.as_service():
            upload = _admit(access, tx, wanted.upload_id)
            job = plan.build_job(upload)
            job.idempotency_key, job.idempotency_digest = idempotency_key, digest
            access.container.budget.check(tx, job, upload)
            tx.jobs.add_job(job, plan.targets)
            return build_job_reply(job, tx.jobs.list_languages(job.id))


def _admit(access: Access, tx: UnitOfWork, upload_id: uuid.UUID) -> Upload:
    """Admit a recording once, however many jobs are submitted for it at the same moment."""
    upload = tx.uploads.lock(upload_id)
    if upload.verified_at is None:
        key, declared_ms = access.container.intake.admit(upload)
        tx.uploads.mark_verified(upload_id, storage_key=key, duration_ms=declared_ms)
    return upload


def _repeat(tx: UnitOfWork, made: DubbingJob, digest: str) -> JobReply:
    if made.idempotency_digest != digest:
        raise IdempotencyConflictError("This Idempotency-Key was used for another request; take a new one.")
    return build_job_reply(made, tx.jobs.list_languages(made.id))
