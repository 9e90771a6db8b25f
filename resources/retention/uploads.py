"""Erasing recordings: where their bytes may lie, who still needs them, and what is left of their rows."""

import uuid
from collections.abc import Collection

from sqlalchemy import func, select

from dubbing.jobs import JobState
from resources.admission import build_source_key
from resources.database.connection import UnitOfWork
from resources.database.job_lock import number_lock
from resources.database.tables import DubbingJob, Upload


def hold_upload(tx: UnitOfWork, upload_id: uuid.UUID) -> Upload | None:
    """Hold a recording until the transaction ends; None where it is erased, or is being admitted right now.

    Nobody submits a job on it meanwhile: that needs a share of its row.
    """
    statement = select(Upload).where(Upload.id == upload_id, Upload.erased_at.is_(None)).with_for_update()
    upload = tx.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    admitting = func.pg_try_advisory_xact_lock(number_lock(f"upload:{upload_id}"))
    return upload if upload is not None and tx.session.scalar(select(admitting)) else None


def is_needed(tx: UnitOfWork, upload_id: uuid.UUID, *, besides: uuid.UUID | None = None) -> bool:
    """Tell whether a job that lives is made of a recording.

    Args:
        besides: a job that does not count.
    """
    needing = select(DubbingJob.id).where(
        DubbingJob.upload_id == upload_id, DubbingJob.state != JobState.EXPIRED.value, DubbingJob.id != besides
    )
    return bool(tx.session.scalar(select(needing.exists())))


def list_upload_keys(upload: Upload) -> Collection[str]:
    """List the keys under which its bytes may lie: a request that broke off may have moved them and not said so."""
    return {upload.storage_key, build_source_key(upload.id)}


def close_upload(tx: UnitOfWork, upload: Upload) -> None:
    """Record that a recording is erased, and empty what its owner called it."""
    upload.erased_at = func.clock_timestamp()
    upload.file_name, upload.media = "", None
    tx.session.flush()
