"""Erasing one job in one transaction that holds it: what of it is due, or all of it where somebody asked."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from dubbing.errors import JobBusyError
from dubbing.jobs import FINAL_JOB_STATES, JobState
from dubbing.retention import Holding, Kind, Policy, plan_purge
from resources.database.connection import UnitOfWork
from resources.database.job_words import JobWords
from resources.database.tables import ArtifactRow, DeletionReceipt, DubbingJob, ErasureCause, Upload
from resources.retention.job_caches import JobCaches, hold_caches, remove_caches
from resources.retention.objects import Removal, remove_objects
from resources.retention.receipt_body import KEPT_FOR_ANOTHER, OWN_LIMIT, REMOVED, describe_erasure
from resources.retention.uploads import close_upload, hold_upload, is_needed, list_upload_keys
from resources.storage.port import ObjectStore
from resources.vendors.retention_wishes import RetentionWish

BUSY = "The job is being worked on, or waits to be; it is erased when its run has ended."


@dataclass(frozen=True, slots=True)
class ErasedJob:
    """What became of one job.

    Attributes:
        receipt: of its erasure; None while something of it is left.
        artifacts, size_bytes: outputs that were erased just now.
        has_upload: its recording was, too.
        caches: rows that went with it, by table.
        refused: how often the store refused, by its reason.
    """

    job_id: uuid.UUID
    receipt: DeletionReceipt | None = None
    artifacts: int = 0
    size_bytes: int = 0
    has_upload: bool = False
    caches: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to go, all of it held until the transaction ends.

    Attributes:
        closes: nothing of the job will be left.
        objects: the keys of the outputs that go; of two outputs that share one, the other may stay.
    """

    artifacts: Sequence[ArtifactRow]
    objects: Collection[str]
    closes: bool
    upload: Upload | None = None
    caches: JobCaches | None = None

    @property
    def keys(self) -> set[str]:
        keys = set(self.objects)
        if self.upload is not None:
            keys |= set(list_upload_keys(self.upload))
        return keys | (self.caches.storage_keys if self.caches is not None else set())


class JobErasure:
    """Erases jobs.

    Args:
        wishes: what vendors were asked, by their name.
    """

    def __init__(self, store: ObjectStore, wishes: Mapping[str, RetentionWish]) -> None:
        self._store = store
        self._wishes = wishes

    def erase_due(self, tx: UnitOfWork, job_id: uuid.UUID, policy: Policy, now: datetime) -> ErasedJob:
        """Erase what of a job the policy allows to be kept no longer.

        Raises:
            JobBusyError: somebody works on it, or is about to.
            StorageError: the store does not answer.
        """
        job = tx.jobs.claim(job_id)
        if not is_at_rest(job):
            raise JobBusyError(BUSY)
        if job.state == JobState.EXPIRED:
            return ErasedJob(job_id)
        words = JobWords(tx.session, job_id)
        plan = self._plan_due(tx, job, words, policy, now)
        return self._carry_out(tx, job, words, plan, ErasureCause.RETENTION, "policy")

    def erase_all(self, tx: UnitOfWork, job_id: uuid.UUID, cause: ErasureCause, requested_by: str) -> ErasedJob:
        """Erase a job whatever its age; one that is erased gives the receipt of then.

        Raises:
            JobBusyError: somebody works on it.
            StorageError: the store does not answer.
        """
        job = tx.jobs.claim(job_id)
        if job.state == JobState.EXPIRED:
            return ErasedJob(job_id, tx.receipts.find_of_job(job_id))
        if job.ended_attempt < job.launched_attempt or JobState(job.state) not in FINAL_JOB_STATES:
            raise JobBusyError(BUSY)
        tx.launches.mark_needless(job_id, job.attempt)
        words = JobWords(tx.session, job_id)
        upload = tx.uploads.get_of_job(job_id)
        plan = _Plan(
            artifacts := [each for each in words.list_artifacts() if each.erased_at is None],
            {each.storage_key for each in artifacts},
            closes=True,
            upload=self._hold_unneeded(tx, job),
            caches=hold_caches(tx, job, words, upload),
        )
        return self._carry_out(tx, job, words, plan, cause, requested_by)

    def _plan_due(self, tx: UnitOfWork, job: DubbingJob, words: JobWords, policy: Policy, now: datetime) -> _Plan:
        there = [each for each in words.list_artifacts() if each.erased_at is None]
        held = [Holding(Kind.ARTIFACT, str(each.id), each.expires_at) for each in there]
        due = {holding.id for holding in plan_purge(held, policy, now).due}
        going, staying = [a for a in there if str(a.id) in due], [a for a in there if str(a.id) not in due]
        objects = {each.storage_key for each in going} - {each.storage_key for each in staying}
        closes = (
            not staying and JobState(job.state) in FINAL_JOB_STATES and _is_due(Kind.JOB, job.finished_at, policy, now)
        )
        upload = self._hold_unneeded(tx, job) if closes else None
        if upload is not None and not _is_due(Kind.UPLOAD, upload.verified_at or upload.created_at, policy, now):
            upload = None
        return _Plan(going, objects, closes, upload)

    def _hold_unneeded(self, tx: UnitOfWork, job: DubbingJob) -> Upload | None:
        upload = hold_upload(tx, job.upload_id)
        return upload if upload is not None and not is_needed(tx, job.upload_id, besides=job.id) else None

    def _carry_out(
        self,
        tx: UnitOfWork,
        job: DubbingJob,
        words: JobWords,
        plan: _Plan,
        cause: ErasureCause,
        requested_by: str,
    ) -> ErasedJob:
        """Remove the objects, then close the rows of what is gone; the job itself only once everything is."""
        removal = remove_objects(self._store, plan.keys)
        erased = [each for each in plan.artifacts if each.storage_key not in removal.refused]
        for artifact in erased:
            artifact.erased_at = func.clock_timestamp()
        tx.session.flush()
        receipt, caches = None, dict[str, int]()
        if plan.closes and not removal.refused:
            receipt, caches = self._close(tx, job, words, plan, removal, cause, requested_by)
        return ErasedJob(
            job.id,
            receipt,
            artifacts=len(erased),
            size_bytes=sum({each.storage_key: each.size_bytes for each in erased}.values()),
            has_upload=receipt is not None and plan.upload is not None,
            caches=caches,
            refused=removal.reasons,
        )

    def _close(
        self,
        tx: UnitOfWork,
        job: DubbingJob,
        words: JobWords,
        plan: _Plan,
        removal: Removal,
        cause: ErasureCause,
        requested_by: str,
    ) -> tuple[DeletionReceipt, dict[str, int]]:
        artifacts = words.list_artifacts()  # those that went in sweeps before are on the receipt too
        keys = removal.removed | {each.storage_key for each in artifacts}
        rows = {"artifacts": len(artifacts), **words.erase()}
        upload = _say_of_upload(tx, job, plan.upload)
        if plan.upload is not None:
            close_upload(tx, plan.upload)
        removed = dict(remove_caches(tx, plan.caches)) if plan.caches is not None else {}
        requested_at = job.deletion_requested_at or tx.session.scalar(select(func.clock_timestamp()))
        receipt = tx.receipts.add(
            DeletionReceipt(
                id=job.receipt_id or uuid.uuid4(),
                user_id=job.user_id,
                job_id=job.id,
                cause=(ErasureCause.REQUEST if job.deletion_requested_at else cause).value,
                requested_by=job.deletion_requested_by or requested_by,
                requested_at=requested_at,
                body=describe_erasure(
                    keys=keys,
                    rows=rows,
                    upload=upload,
                    caches=None if plan.caches is None else {**removed, "kept_for_other_jobs": plan.caches.kept},
                    vendors=words.list_vendors(),
                    wishes=self._wishes,
                ),
            )
        )
        words.close(job, receipt.id)
        return receipt, removed


def is_at_rest(job: DubbingJob) -> bool:
    """Tell whether a job has no run, and none is to come."""
    return job.attempt == job.launched_attempt == job.ended_attempt


def _say_of_upload(tx: UnitOfWork, job: DubbingJob, going: Upload | None) -> str:
    if going is not None or tx.uploads.get_of_job(job.id).erased_at is not None:
        return REMOVED
    return KEPT_FOR_ANOTHER if is_needed(tx, job.upload_id, besides=job.id) else OWN_LIMIT


def _is_due(kind: Kind, since: datetime | None, policy: Policy, now: datetime) -> bool:
    return since is not None and bool(plan_purge([Holding(kind, "", since)], policy, now).due)
