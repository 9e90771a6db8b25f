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

    def take(self, download_id: uuid.UUID, lease: timedelta) -> bool:
        """Take a claim; of two that try at once, one does."""
        taken = (
            update(Download)
            .where(Download.id == download_id, Download.claimed_at.is_(None), Download.expires_at > func.now())
            .values(claimed_at=func.now(), lease_until=func.least(func.now() + lease, Download.expires_at))
            .returning(Download.id)
        )
        return self._session.scalar(taken) is not None

    def extend(self, download_id: uuid.UUID, lease: timedelta, *, only_open: bool = True) -> bool:
        """Lease a taken claim on to its transfer, from now; False when it may not be.

        Args:
            only_open: not if the lease is over; the transfer itself may outlast it, and passes False at its end.
        """
        conditions = [Download.id == download_id, Download.claimed_at.is_not(None)]
        if only_open:
            conditions.append(Download.lease_until > func.now())
        extended = (
            update(Download)
            .where(*conditions)
            .values(lease_until=func.least(func.now() + lease, Download.expires_at))
            .returning(Download.id)
        )
        return self._session.scalar(extended) is not None
