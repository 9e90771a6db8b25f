"""Receipts of what was erased: added and read, never changed; the table itself refuses anything else."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from resources.database.positions import Position
from resources.database.tables import DeletionReceipt


class Receipts:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, receipt: DeletionReceipt) -> DeletionReceipt:
        """Record what was erased."""
        self._session.add(receipt)
        self._session.flush()
        return receipt

    def find(self, receipt_id: uuid.UUID) -> DeletionReceipt | None:
        """Find a receipt."""
        return self._session.scalars(select(DeletionReceipt).where(DeletionReceipt.id == receipt_id)).one_or_none()

    def find_of_job(self, job_id: uuid.UUID) -> DeletionReceipt | None:
        """Find the receipt of a job."""
        return self._session.scalars(select(DeletionReceipt).where(DeletionReceipt.job_id == job_id)).one_or_none()

    def list_of_user(
        self, user_id: uuid.UUID, *, limit: int, after: Position | None = None
    ) -> Sequence[DeletionReceipt]:
        """Return the next receipts of a user, newest first."""
        statement = select(DeletionReceipt).where(DeletionReceipt.user_id == user_id)
        return self._read(statement, after, limit)

    def list_newest(self, *, limit: int, after: Position | None = None) -> Sequence[DeletionReceipt]:
        """Return the next receipts of everybody, newest first."""
        return self._read(select(DeletionReceipt), after, limit)

    def _read(
        self, statement: Select[DeletionReceipt], after: Position | None, limit: int
    ) -> Sequence[DeletionReceipt]:
        place = (DeletionReceipt.erased_at, DeletionReceipt.id)
        if after is not None:
            statement = statement.where(tuple_(*place) < (after.at, after.id))
        return self._session.scalars(statement.order_by(*(column.desc() for column in place)).limit(limit)).all()
