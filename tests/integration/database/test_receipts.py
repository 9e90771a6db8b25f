"""Receipts can be added and read, and that is all: for the service, and for the owner of the table, a superuser."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from resources.database.connection import Database
from resources.database.positions import Position
from resources.database.tables import DeletionReceipt, ErasureCause

CHANGES = {
    "update": "UPDATE deletion_receipts SET requested_by = 'nobody'",
    "delete": "DELETE FROM deletion_receipts",
    "truncate": "TRUNCATE deletion_receipts",
    "truncate with others": "TRUNCATE users CASCADE; TRUNCATE deletion_receipts CASCADE",
}


def add_receipt(database: Database, user_id: uuid.UUID, job_id: uuid.UUID | None = None) -> uuid.UUID:
    with database.transaction() as tx:
        receipt = DeletionReceipt(
            user_id=user_id,
            job_id=job_id,
            cause=ErasureCause.REQUEST.value,
            requested_by="ana",
            requested_at=datetime.now(UTC),
            body={},
        )
        return tx.receipts.add(receipt).id


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_service_cannot_change_or_remove_a_receipt(database: Database, change: str) -> None:
    receipt_id = add_receipt(database, uuid.uuid4())
    with pytest.raises(DBAPIError, match="permission denied"), database.transaction() as tx:
        tx.session.execute(text(change))
    with database.transaction() as tx:
        assert tx.receipts.find(receipt_id) is not None


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_neither_can_the_owner_of_the_table(database: Database, change: str) -> None:
    receipt_id = add_receipt(database, uuid.uuid4())
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    with pytest.raises(DBAPIError, match="never changed or removed"), database.engine.begin() as connection:
        connection.exec_driver_sql(change)
    with database.transaction() as tx:
        assert tx.receipts.find(receipt_id) is not None


def test_a_job_has_one_receipt(database: Database) -> None:
    job_id = uuid.uuid4()
    add_receipt(database, uuid.uuid4(), job_id)
    with pytest.raises(DBAPIError, match="uq_deletion_receipts_job_id"):
        add_receipt(database, uuid.uuid4(), job_id)


def test_receipts_come_newest_first_in_pages(database: Database) -> None:
    user_id = uuid.uuid4()
    made = [add_receipt(database, user_id, uuid.uuid4()) for _ in range(5)]
    add_receipt(database, uuid.uuid4(), uuid.uuid4())
    seen: list[uuid.UUID] = []
    after = None
    with database.transaction() as tx:
        while page := tx.receipts.list_of_user(user_id, limit=2, after=after):
            seen += [receipt.id for receipt in page]
            after = Position(page[-1].erased_at, page[-1].id)
    assert seen == made[::-1]
