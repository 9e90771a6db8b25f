"""One-time downloads: a claim is made for one artifact, taken once, and leased to the transfer that took it."""

import uuid
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from resources.database.tables import ArtifactRow, Download


class Downloads:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, download: Download) -> None:
        """Record a claim that nobody has taken yet."""
        self._session.add(download)
        self._session.flush()

    def find(self, token_digest: str) -> tuple[Download, ArtifactRow] | None:
        """Find a claim with its artifact."""
        statement = (
            select(Download, ArtifactRow)
            .join(ArtifactRow, ArtifactRow.id == Download.artifact_id)
            .where(Download.token_digest == token_digest)
        )
        found = self._session.execute(statement).one_or_none()
        return (found[0], found[1]) if found is not None else None

    def take(self, download_id: uuid.UUID) -> bool:
        """Take a claim; of two that try at once, one does."""
        taken = (
            update(Download)
            .where(Download.id == download_id, Download.claimed_at.is_(None), Download.expires_at > func.now())
            .values(claimed_at=func.now())
            .returning(Download.id)
        )
        return self._session.scalar(taken) is not None

    def take_up_again(self, download_id: uuid.UUID, start: int) -> bool:
        """Go on with a transfer that has broken off, from a byte that it reached; of two that try at once, one does."""
        reached = (Download.sent_bytes >= start) if start else (Download.sent_bytes == 0)
        resumed = (
            update(Download)
            .where(
                Download.id == download_id,
                reached,
                Download.lease_until > func.now(),
                Download.expires_at > func.now(),
            )
            .values(sent_bytes=None)
            .returning(Download.id)
        )
        return self._session.scalar(resumed) is not None

    def record_end(self, download_id: uuid.UUID, sent_bytes: int, lease: timedelta) -> None:
        """Record how far a transfer came, and for how long another may go on from there."""
        self._session.execute(
            update(Download)
            .where(Download.id == download_id)
            .values(sent_bytes=sent_bytes, lease_until=func.now() + lease)
        )
