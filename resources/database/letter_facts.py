"""What a dead letter says beside its error: what the work was given, by ids and hashes, and what was paid by then."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dubbing.content_key import build_content_key
from resources.database.tables import DubbedSegment, DubbingJob, LanguageTask, SegmentRow, Upload, VendorCall


def describe_work(session: Session, job: DubbingJob, language: str | None, segment: int | None) -> dict[str, Any]:
    """Name what a stage was given, so that it can be known again; none of its words."""
    given: dict[str, Any] = {
        "upload_id": str(job.upload_id),
        "sha256": session.scalar(select(Upload.sha256).where(Upload.id == job.upload_id)),
        "revision": job.revision,
        "attempt": job.attempt,
        "engines": job.engines,
        "segments": _hash_segments(session, job.id, segment),
    }
    if language is not None:
        task = select(LanguageTask).where(LanguageTask.job_id == job.id, LanguageTask.language == language)
        found = session.scalars(task).one()
        given |= {"language_revision": found.revision, "language_attempt": found.attempt}
        given |= _describe_lines(session, job.id, language, segment)
    return given


def find_failed_call(session: Session, job_id: uuid.UUID, language: str | None, error_code: str) -> Mapping[str, str]:
    """Name the vendor, model and operation of the call that this error came from, where one is in the ledger."""
    statement = (
        select(VendorCall.vendor, VendorCall.model, VendorCall.operation)
        .where(
            VendorCall.job_id == job_id,
            VendorCall.language.is_not_distinct_from(language),
            VendorCall.error_code == error_code,
        )
        .order_by(VendorCall.started_at.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    return dict(row._mapping) if row is not None else {}


def sum_spending(session: Session, job_id: uuid.UUID, language: str | None) -> int:
    """Sum what a job, or one language of it, has cost so far, micro-dollars."""
    statement = select(func.coalesce(func.sum(VendorCall.cost_usd_micros), 0)).where(VendorCall.job_id == job_id)
    if language is not None:
        statement = statement.where(VendorCall.language == language)
    return int(session.scalar(statement) or 0)


def _hash_segments(session: Session, job_id: uuid.UUID, number: int | None) -> str | None:
    """Hash what is said, all of it or one line; None before it was heard."""
    statement = select(SegmentRow).where(SegmentRow.job_id == job_id).order_by(SegmentRow.number)
    if number is not None:
        statement = statement.where(SegmentRow.number == number)
    rows: list[list[str | int]] = [
        [s.number, s.start_ms, s.end_ms, s.speaker, s.text] for s in session.scalars(statement)
    ]
    return build_content_key("segments", rows=rows) if rows else None


def _describe_lines(session: Session, job_id: uuid.UUID, language: str, number: int | None) -> dict[str, Any]:
    """Hash what a language says and by which takes; of a single line its voice too."""
    statement = select(DubbedSegment).where(DubbedSegment.job_id == job_id, DubbedSegment.language == language)
    if number is not None:
        statement = statement.where(DubbedSegment.number == number)
    lines = session.scalars(statement.order_by(DubbedSegment.number)).all()
    if not lines:
        return {"lines": None}
    rows: list[list[str | int | None]] = [[line.number, line.text, line.take_key] for line in lines]
    said: dict[str, Any] = {"lines": build_content_key("lines", rows=rows)}
    return said | ({"voice": lines[0].voice or None} if number is not None else {})
