"""Submitting a job: its languages planned, its recording admitted, and then all of it written in one transaction."""

import threading
import uuid
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from api.access import Access
from api.deletions.service import refuse_while_leaving
from api.jobs.replies import build_job_reply
from api.jobs.schemas import JobReply, JobRequest
from api.schemas import to_usd_micros
from dubbing.content_key import build_content_key
from dubbing.delivery import Delivery
from dubbing.errors import BusyError, IdempotencyConflictError, NotFoundError, TooManyLanguagesError
from resources import intake
from resources.database.connection import UnitOfWork
from resources.database.deletion_views import list_deletions
from resources.database.tables import Upload
from resources.intake import JobPlan
from resources.settings import Settings

MAX_ADMISSIONS = 8
"""Recordings that one process checks at once: each takes a thread, a copy on disk and up to two connections."""

ADMISSION_WAIT_S = 10
"""How long a request waits for its turn, seconds."""

EXPIRED = "This recording has expired; upload it again."

_ADDED_LATER = {"bed", "formats", "loudness", "max_spend_usd", "with_voice"}
"""Fields of a job's body that older jobs were submitted without."""

_ADMISSIONS = threading.BoundedSemaphore(MAX_ADMISSIONS)


def submit_job(access: Access, wanted: JobRequest, idempotency_key: str | None) -> JobReply:
    """Make a job, or give back the one that the same request made before.

    Raises:
        NotFoundError: no such upload of the caller's.
        InputError, UploadIncompleteError, UploadMismatchError: the recording cannot be dubbed.
        IdempotencyConflictError: the key stands for another body.
        BudgetExceededError: there is no money for it.
        SpendLimitTooLowError: it cannot be made for its `max_spend_usd`.
        BusyError: too many recordings are being checked at this moment.
        ErasureUnderWayError: everything of the caller's is being erased.
    """
    made = _find_made(access, wanted, idempotency_key)
    if made is not None:
        return made
    plan = _plan(access, wanted)
    admit_upload(access, wanted.upload_id)
    try:
        return _write(access, plan, wanted, idempotency_key)
    except IntegrityError:
        # Two requests with one key at the same moment: the other one was first, and now it can be seen.
        made = _find_made(access, wanted, idempotency_key)
        if made is None:
            raise
        return made


def _find_made(access: Access, wanted: JobRequest, idempotency_key: str | None) -> JobReply | None:
    if idempotency_key is None:
        return None
    with access.transaction() as tx:
        made = tx.jobs.find_by_idempotency_key(access.caller.user_id, idempotency_key)
        if made is None:
            return None
        if made.idempotency_digest != _digest(wanted):
            raise IdempotencyConflictError("This Idempotency-Key was used for another request; take a new one.")
        deletion = list_deletions(tx, [made]).get(made.id)
        return build_job_reply(made, tx.jobs.list_languages(made.id), deletion=deletion)


def _plan(access: Access, wanted: JobRequest) -> JobPlan:
    refuse_too_many(access, wanted.target_languages)
    return access.container.intake.plan(
        intake.JobRequest(
            access.caller.user_id,
            wanted.target_languages,
            wanted.source_language,
            wanted.voices,
            [entry.model_dump(exclude_unset=True) for entry in wanted.glossary],
            wanted.reference,
            _build_delivery(wanted, access.container.settings),
        )
    )


def refuse_too_many(access: Access, languages: Sequence[str]) -> None:
    """Hold a job to the number of languages that it may have.

    Raises:
        TooManyLanguagesError: it has more.
    """
    limit = access.container.settings.max_languages
    if len(languages) > limit:
        raise TooManyLanguagesError(f"One job may have {limit} target languages; submit the others as another job.")


def _build_delivery(wanted: JobRequest, settings: Settings) -> Delivery:
    return Delivery(
        bed=wanted.bed or settings.bed,
        formats=tuple(dict.fromkeys(wanted.formats)),
        loudness=wanted.loudness or settings.loudness,
        with_voice=wanted.with_voice,
    )


def admit_upload(access: Access, upload_id: uuid.UUID) -> None:
    """Admit a recording once, however many jobs are submitted for it, and in no transaction: it may take a while.

    Raises:
        NotFoundError: no such upload of the caller's.
        InputError, UploadIncompleteError, UploadMismatchError: the recording cannot be dubbed.
        BusyError: too many recordings are being checked at this moment.
    """
    with access.transaction() as tx:
        is_admitted = get_upload(tx, upload_id).verified_at is not None
    if is_admitted:
        return
    if not _ADMISSIONS.acquire(timeout=ADMISSION_WAIT_S):
        raise BusyError("Many recordings are being checked at this moment; try again in a few seconds.")
    try:
        with access.container.database.hold(f"upload:{upload_id}"):
            with access.transaction() as tx:
                upload = get_upload(tx, upload_id)
            if upload.verified_at is None:
                key, declared_ms = access.container.admission.admit(upload)
                with access.transaction() as tx, tx.as_service():
                    tx.uploads.mark_verified(upload_id, storage_key=key, duration_ms=declared_ms)
    finally:
        _ADMISSIONS.release()


def get_upload(tx: UnitOfWork, upload_id: uuid.UUID) -> Upload:
    """Return a recording.

    Raises:
        NotFoundError: the caller has no such recording, or it was erased.
    """
    upload = tx.uploads.find(upload_id)
    if upload is None:
        raise NotFoundError("There is no such upload.")
    if upload.erased_at is not None:
        raise NotFoundError(EXPIRED)
    return upload


def _write(access: Access, plan: JobPlan, wanted: JobRequest, idempotency_key: str | None) -> JobReply:
    with access.transaction() as tx:
        upload = get_upload(tx, wanted.upload_id)
        with tx.as_service():
            refuse_while_leaving(tx, access.caller.user_id)
            if not tx.erasures.hold_upload(upload.id):
                raise NotFoundError(EXPIRED)
            job = plan.build_job(upload)
            job.idempotency_key, job.idempotency_digest = idempotency_key, _digest(wanted)
            job.max_spend_usd_micros = to_usd_micros(wanted.max_spend_usd)
            tx.jobs.add_job(job, plan.targets)
            access.container.budget.hold(tx, job, upload, plan.targets)
            return build_job_reply(job, tx.jobs.list_languages(job.id))


def _digest(wanted: JobRequest) -> str:
    """Name a body; what was added to bodies later counts only where it is said, so that older digests stay true."""
    body = wanted.model_dump(mode="json")
    said = wanted.model_dump(mode="json", include=_ADDED_LATER, exclude_defaults=True)
    return build_content_key("submission", body={k: v for k, v in body.items() if k not in _ADDED_LATER} | said)
