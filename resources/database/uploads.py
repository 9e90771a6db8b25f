"""Recordings: announced, verified, measured."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from resources.database.tables import DubbingJob, Upload


class Uploads:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, upload: Upload) -> Upload:
        """Record a recording."""
        self._session.add(upload)
        self._session.flush()
        return upload

    def find(self, upload_id: uuid.UUID) -> Upload | None:
        """Find a recording."""
        return self._session.scalars(select(Upload).where(Upload.id == upload_id)).one_or_none()

    def get_of_job(self, job_id: uuid.UUID) -> Upload:
        """Return the recording of a job."""
        return self._session.scalars(select(Upload).join(DubbingJob).where(DubbingJob.id == job_id)).one()

    def mark_verified(self, upload_id: uuid.UUID, *, storage_key: str, duration_ms: int | None) -> None:
        """Record that a recording is what was announced, and where it lies now."""
        self._session.execute(
            update(Upload)
            .where(Upload.id == upload_id)
            .values(storage_key=storage_key, duration_ms=duration_ms, verified_at=func.now())
        )

    def record_media(self, upload_id: uuid.UUID, media: Mapping[str, Any]) -> None:
        """Record what was measured of a recording when it was decoded."""
        self._session.execute(
            update(Upload).where(Upload.id == upload_id).values(media=dict(media), duration_ms=media["duration_ms"])
        )

    def measure_pending(self, user_id: uuid.UUID) -> tuple[int, int]:
        """Count the upload addresses of a user that are open, and the bytes they are for."""
        statement = select(func.count(), func.coalesce(func.sum(Upload.size_bytes), 0)).where(
            Upload.user_id == user_id, Upload.verified_at.is_(None), Upload.expires_at > func.now()
        )
        count, size_bytes = self._session.execute(statement).one()
        return int(count), int(size_bytes)
