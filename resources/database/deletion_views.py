"""What became of wishes to be erased, as their owners see it. Read only."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dubbing.jobs import JobState
from resources.database.connection import UnitOfWork
from resources.database.tables import DeletionReceipt, DubbingJob, ErasureCause, User


@dataclass(frozen=True, slots=True)
class Deletion:
    """The erasure of a job: wished for, or done.

    Attributes:
        erased_at: None while it is under way.
    """

    cause: ErasureCause
    requested_at: datetime
    receipt_id: uuid.UUID
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class PendingErasure:
    """What was asked for and is not all done yet.

    Attributes:
        job_id: None where all of the user is to go.
    """

    receipt_id: uuid.UUID
    user_id: uuid.UUID
    job_id: uuid.UUID | None
    requested_at: datetime
    requested_by: str


def list_deletions(tx: UnitOfWork, jobs: Sequence[DubbingJob]) -> Mapping[uuid.UUID, Deletion]:
    """Return the deletions of those of some jobs that have one; asks nothing of the database where none has."""
    marked = [job for job in jobs if job.deletion_requested_at is not None or job.state == JobState.EXPIRED]
    if not marked:
        return {}
    statement = select(DeletionReceipt).where(DeletionReceipt.job_id.in_([job.id for job in marked]))
    receipts = {receipt.job_id: receipt for receipt in tx.session.scalars(statement)}
    found = ((job.id, _describe(job, receipts.get(job.id))) for job in marked)
    return {job_id: deletion for job_id, deletion in found if deletion is not None}


def find_pending_erasure(
    tx: UnitOfWork, *, receipt_id: uuid.UUID | None = None, job_id: uuid.UUID | None = None
) -> PendingErasure | None:
    """Find a wish by the receipt that it will have, or by its job."""
    # With the condition of the index on wishes: there are never many at once.
    of_job = select(DubbingJob).where(
        DubbingJob.deletion_requested_at.is_not(None), DubbingJob.state != JobState.EXPIRED.value
    )
    if job_id is not None:
        return _describe_wish(tx.session.scalars(of_job.where(DubbingJob.id == job_id)).one_or_none())
    of_user = select(User).where(User.deletion_requested_at.is_not(None), User.receipt_id == receipt_id)
    return _describe_wish(
        tx.session.scalars(of_job.where(DubbingJob.receipt_id == receipt_id)).one_or_none()
        or tx.session.scalars(of_user).one_or_none()
    )


def _describe_wish(found: DubbingJob | User | None) -> PendingErasure | None:
    if found is None or found.receipt_id is None or found.deletion_requested_at is None:
        return None
    return PendingErasure(
        receipt_id=found.receipt_id,
        user_id=found.user_id if isinstance(found, DubbingJob) else found.id,
        job_id=found.id if isinstance(found, DubbingJob) else None,
        requested_at=found.deletion_requested_at,
        requested_by=found.deletion_requested_by or "",
    )


def _describe(job: DubbingJob, receipt: DeletionReceipt | None) -> Deletion | None:
    if receipt is not None:
        return Deletion(ErasureCause(receipt.cause), receipt.requested_at, receipt.id, receipt.erased_at)
    if job.deletion_requested_at is None or job.receipt_id is None:
        return None
    return Deletion(ErasureCause.REQUEST, job.deletion_requested_at, job.receipt_id, None)
