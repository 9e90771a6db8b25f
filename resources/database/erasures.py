"""Requests to erase: whose deletion was asked for, and what is still to be done for them."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from dubbing.errors import NotFoundError
from dubbing.jobs import FINAL_JOB_STATES, JobState
from resources.database.jobs import Jobs
from resources.database.tables import DeletionReceipt, DubbingJob, LanguageTask, Upload, User

_LIVES = DubbingJob.state != JobState.EXPIRED.value

_NOT_IN_FLIGHT = DubbingJob.ended_attempt >= DubbingJob.launched_attempt

_IS_LEFT_ALONE = and_(
    DubbingJob.finished_at.is_(None),
    DubbingJob.attempt == DubbingJob.launched_attempt,
    DubbingJob.launched_attempt == DubbingJob.ended_attempt,
)
"""It was begun at a terminal and broke off there: what has a run of its own is ended when that is."""

_LAST_SIGN = func.greatest(
    DubbingJob.updated_at,
    select(func.max(LanguageTask.updated_at)).where(LanguageTask.job_id == DubbingJob.id).scalar_subquery(),
)


class Erasures:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs = Jobs(session)

    def request_deletion(self, job_id: uuid.UUID, requested_by: str) -> uuid.UUID:
        """Record that a job is to be erased, and stop what runs; asked again, nothing changes.

        Of a job that was erased already, the receipt is that of then.

        Args:
            requested_by: who asked: the id of a person, or the name of an operator's command.

        Returns:
            The id that the receipt has, or will have.

        Raises:
            NotFoundError: there is no such job.
        """
        statement = select(DubbingJob).where(DubbingJob.id == job_id).with_for_update(key_share=True)
        job = self._session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
        if job is None:
            raise NotFoundError("There is no such job.")
        if job.receipt_id is None:
            job.deletion_requested_at, job.deletion_requested_by = func.clock_timestamp(), requested_by
            job.receipt_id = uuid.uuid4()
            self._jobs.record_event(job_id, "job.deletion_requested")
            if JobState(job.state) not in FINAL_JOB_STATES:
                self._jobs.cancel(job_id)
            self._session.flush()
        receipt_id: uuid.UUID = job.receipt_id
        return receipt_id

    def request_user_deletion(self, user_id: uuid.UUID, requested_by: str) -> uuid.UUID:
        """Record that everything of a user is to be erased, and stop what runs; asked again meanwhile, nothing changes.

        Until it is done, `is_leaving` says so, and nothing new of theirs is to be taken.

        Returns:
            The id that the receipt for all of it will have.
        """
        self._jobs.ensure_user(user_id)
        # Nobody adds a job or an upload meanwhile: that needs a share of this row.
        statement = select(User).where(User.id == user_id).with_for_update()
        user = self._session.scalars(statement.execution_options(populate_existing=True)).one()
        if user.receipt_id is None:
            user.deletion_requested_at, user.deletion_requested_by = func.clock_timestamp(), requested_by
            user.receipt_id = uuid.uuid4()
            self._session.flush()
        mine = select(DubbingJob.id).where(DubbingJob.user_id == user_id, _LIVES).order_by(DubbingJob.id)
        for job_id in self._session.scalars(mine).all():
            self.request_deletion(job_id, requested_by)
        receipt_id: uuid.UUID = user.receipt_id
        return receipt_id

    def is_leaving(self, user_id: uuid.UUID) -> bool:
        """Tell whether everything of a user is being erased, and let nobody begin that before the transaction ends.

        For whoever is about to add a job or an upload of theirs.
        """
        statement = select(User.deletion_requested_at).where(User.id == user_id)
        return self._session.scalar(statement.with_for_update(read=True, key_share=True)) is not None

    def hold_upload(self, upload_id: uuid.UUID) -> bool:
        """Tell whether a recording is there, and let nobody erase it before the transaction ends.

        For whoever is about to add a job on it.
        """
        statement = select(Upload.id).where(Upload.id == upload_id, Upload.erased_at.is_(None))
        return self._session.scalar(statement.with_for_update(read=True, key_share=True)) is not None

    def list_abandoned(self, *, cutoff: datetime) -> Sequence[uuid.UUID]:
        """Return jobs that did not end, have no run, are to get none, and gave no sign since a time."""
        return self._session.scalars(select(DubbingJob.id).where(_IS_LEFT_ALONE, cutoff >= _LAST_SIGN)).all()

    def end_abandoned(self, job_id: uuid.UUID, *, cutoff: datetime) -> None:
        """Cancel a job that nobody goes on with, as of the last sign of it.

        Raises:
            JobBusyError: a process works on it.
        """
        job = self._jobs.claim(job_id)
        last_sign = self._session.scalar(select(_LAST_SIGN).where(DubbingJob.id == job_id, _IS_LEFT_ALONE))
        if last_sign is None or last_sign > cutoff:
            return
        self._jobs.cancel(job_id)
        self._session.refresh(job)
        job.finished_at = last_sign
        self._session.flush()

    def list_requested(self, limit: int, *, after: uuid.UUID | None = None) -> Sequence[uuid.UUID]:
        """Return jobs that are to be erased at once and have no run at work, in a fixed order."""
        statement = select(DubbingJob.id).where(DubbingJob.deletion_requested_at.is_not(None), _LIVES, _NOT_IN_FLIGHT)
        if after is not None:
            statement = statement.where(DubbingJob.id > after)
        return self._session.scalars(statement.order_by(DubbingJob.id).limit(limit)).all()

    def count_requested(self) -> int:
        """Count the jobs that are to be erased at once, those with a run at work too."""
        statement = select(func.count()).where(DubbingJob.deletion_requested_at.is_not(None), _LIVES)
        return int(self._session.scalar(statement) or 0)

    def list_leaving(self, limit: int, *, after: uuid.UUID | None = None) -> Sequence[uuid.UUID]:
        """Return users of whom everything is to be erased and whose jobs all are, in a fixed order."""
        has_jobs = select(DubbingJob.id).where(DubbingJob.user_id == User.id, _LIVES).exists()
        statement = select(User.id).where(User.deletion_requested_at.is_not(None), ~has_jobs)
        if after is not None:
            statement = statement.where(User.id > after)
        return self._session.scalars(statement.order_by(User.id).limit(limit)).all()

    def list_uploads_to_erase(self, user_id: uuid.UUID, limit: int) -> Sequence[Upload]:
        """Return recordings of a leaving user that no job needs and no address still replaces."""
        needed = select(DubbingJob.id).where(DubbingJob.upload_id == Upload.id, _LIVES).exists()
        is_settled = or_(Upload.verified_at.is_not(None), Upload.expires_at.is_(None), Upload.expires_at <= func.now())
        statement = select(Upload).where(Upload.user_id == user_id, Upload.erased_at.is_(None), ~needed, is_settled)
        return self._session.scalars(statement.order_by(Upload.id).limit(limit)).all()

    def find_leaving(self, user_id: uuid.UUID) -> User | None:
        """Find and hold a user of whom nothing is left to be erased; None while there is something."""
        user = self._session.scalars(select(User).where(User.id == user_id).with_for_update()).one_or_none()
        if user is None or user.deletion_requested_at is None:
            return None
        jobs = select(DubbingJob.id).where(DubbingJob.user_id == user_id, _LIVES)
        uploads = select(Upload.id).where(Upload.user_id == user_id, Upload.erased_at.is_(None))
        left = self._session.scalar(select(or_(jobs.exists(), uploads.exists())))
        return None if left else user

    def list_erased_of(self, user: User) -> tuple[Sequence[Upload], Sequence[uuid.UUID]]:
        """Return the recordings of a leaving user that were erased since, and the receipts of their jobs."""
        since = user.deletion_requested_at
        uploads = select(Upload).where(Upload.user_id == user.id, Upload.erased_at >= since).order_by(Upload.id)
        receipts = select(DeletionReceipt.id).where(
            DeletionReceipt.user_id == user.id,
            DeletionReceipt.job_id.is_not(None),
            DeletionReceipt.erased_at >= since,
        )
        return self._session.scalars(uploads).all(), self._session.scalars(receipts).all()

    def list_erased(self, job_ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
        """Return those of some jobs that are erased."""
        statement = select(DubbingJob.id).where(DubbingJob.id.in_(job_ids), ~_LIVES)
        return self._session.scalars(statement).all()
