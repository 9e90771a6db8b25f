"""The customer's words of one job: where each of them is, and how it is emptied; figures and the ledger stay."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from dubbing.jobs import JobState
from resources.database.dead_letters import UNSETTLED
from resources.database.jobs import Jobs
from resources.database.tables import (
    ArtifactRow,
    DubbedSegment,
    DubbingJob,
    LanguageTask,
    SegmentEdit,
    SegmentRow,
    VendorCall,
)

ERASED = "The details were erased with the job."
"""Stands in place of sentences of errors: some name a voice as the customer called it. Their codes stay."""

HASHES = ("sha256", "segments", "lines", "voice")
"""What a letter names its work by; short words can be guessed from their hash."""

SAID_BY_PEOPLE = ("reason",)
"""What a person wrote into a job's history."""


_SHARES_A_RUN = text("""
    SELECT EXISTS (
        SELECT FROM dubbing_jobs other
        WHERE other.id <> :job_id AND other.state IN ('queued', 'running') AND (
            EXISTS (
                SELECT FROM uploads theirs
                JOIN uploads ours ON ours.sha256 = theirs.sha256
                JOIN dubbing_jobs mine ON mine.upload_id = ours.id AND mine.id = :job_id
                WHERE theirs.id = other.upload_id
            ) OR EXISTS (
                SELECT FROM dubbed_segments theirs
                JOIN dubbed_segments ours
                    ON ours.job_id = :job_id AND ours.language = theirs.language AND ours.text = theirs.text
                WHERE theirs.job_id = other.id
            )
        )
    )
""")

_EMPTY_LETTERS = text("""
    UPDATE dead_letters SET message = :erased, vendor_words = NULL, snapshot = snapshot - CAST(:hashes AS text[])
    WHERE job_id = :job_id
""")
_DISCARD_LETTERS = text(
    "UPDATE dead_letters SET state = 'discarded' WHERE job_id = :job_id AND state = ANY(:unsettled)"
)
_EMPTY_EVENTS = text("""
    UPDATE job_events SET data = data - CAST(:said AS text[])
    WHERE job_id = :job_id AND data ?| CAST(:said AS text[])
""")


@dataclass(frozen=True, slots=True)
class VendorUse:
    """The calls that a job made to a vendor."""

    vendor: str
    operations: tuple[str, ...]
    calls: int


class JobWords:
    """Repository over one transaction, for one job; who erases must hold it."""

    def __init__(self, session: Session, job_id: uuid.UUID) -> None:
        self._session = session
        self._job_id = job_id

    def list_artifacts(self) -> Sequence[ArtifactRow]:
        """Return all outputs, those that were erased before too."""
        statement = select(ArtifactRow).where(ArtifactRow.job_id == self._job_id)
        ordered = statement.order_by(ArtifactRow.expires_at, ArtifactRow.id)
        return self._session.scalars(ordered.execution_options(populate_existing=True)).all()

    def list_vendors(self) -> Sequence[VendorUse]:
        """Return which vendors were sent something of it, by the ledger."""
        operations = func.array_agg(VendorCall.operation.distinct(), type_=ARRAY(Text()))
        statement = select(VendorCall.vendor, operations, func.count()).where(VendorCall.job_id == self._job_id)
        rows = self._session.execute(statement.group_by(VendorCall.vendor).order_by(VendorCall.vendor))
        return [VendorUse(vendor, tuple(sorted(names)), calls) for vendor, names, calls in rows]

    def list_bought(self) -> set[str]:
        """Return the content keys of what it bought, and of the readings it is made of."""
        bought = select(VendorCall.content_key).where(VendorCall.job_id == self._job_id)
        read = select(DubbedSegment.take_key).where(
            DubbedSegment.job_id == self._job_id, DubbedSegment.take_key.is_not(None)
        )
        return {key for key in self._session.scalars(bought.union(read)) if key is not None}

    def shares_a_run(self) -> bool:
        """Tell whether a job that is under way says a line of this one, or is of the same recording."""
        return bool(self._session.scalar(_SHARES_A_RUN, {"job_id": self._job_id}))

    def erase(self) -> Mapping[str, int]:
        """Remove the lines and empty what else can hold words of the customer; the value counts what was removed."""
        counts = {
            table.__tablename__: self._count(delete(table).where(table.job_id == self._job_id))
            for table in (SegmentRow, DubbedSegment, SegmentEdit)
        }
        own = {"job_id": self._job_id}
        tasks = update(LanguageTask).where(LanguageTask.job_id == self._job_id)
        self._session.execute(tasks.values(casting={}))
        self._session.execute(tasks.where(LanguageTask.error_message.is_not(None)).values(error_message=ERASED))
        self._session.execute(_EMPTY_LETTERS, own | {"erased": ERASED, "hashes": list(HASHES)})
        self._session.execute(_DISCARD_LETTERS, own | {"unsettled": list(UNSETTLED)})
        self._session.execute(_EMPTY_EVENTS, own | {"said": list(SAID_BY_PEOPLE)})
        return counts

    def close(self, job: DubbingJob, receipt_id: uuid.UUID) -> None:
        """Empty the job itself and expire it."""
        job.reference = job.idempotency_key = job.idempotency_digest = None
        job.glossary, job.voices = [], {}
        job.error_message = ERASED if job.error_message is not None else None
        job.receipt_id, job.state = receipt_id, JobState.EXPIRED.value
        self._session.flush()
        Jobs(self._session).record_event(self._job_id, "job.expired")

    def _count(self, statement: Delete) -> int:
        result = cast("CursorResult[Any]", self._session.execute(statement))
        return result.rowcount
