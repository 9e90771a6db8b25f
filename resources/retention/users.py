"""Erasing what is left of users who asked for all of it to go, once their jobs are erased; then their own receipt."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from resources.database.connection import Database
from resources.database.holdings import PAGE
from resources.database.tables import DeletionReceipt, ErasureCause
from resources.retention.objects import remove_objects
from resources.retention.receipt_body import describe_objects
from resources.retention.uploads import close_upload, hold_upload, is_needed, list_upload_keys
from resources.storage.port import ObjectStore

PAGE_OF_USERS = 50
"""Users who are listed at a time."""


@dataclass(frozen=True, slots=True)
class ErasedUser:
    """What became of a user's request; ``is_done`` once nothing is left and the receipt is written."""

    user_id: uuid.UUID
    is_done: bool
    uploads: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


class UserErasure:
    """Erases users' recordings that no job was made of."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    def run_all(self) -> Iterator[ErasedUser]:
        """Go through all users whose jobs are erased.

        Raises:
            StorageError: the store does not answer.
        """
        after = None
        while page := self.list_users(after):
            after = page[-1]
            yield from map(self.erase, page)

    def list_users(self, after: uuid.UUID | None = None, limit: int = PAGE_OF_USERS) -> Sequence[uuid.UUID]:
        """List users who are leaving and whose jobs are all erased."""
        with self._database.transaction() as tx:
            return tx.erasures.list_leaving(limit, after=after)

    def erase(self, user_id: uuid.UUID) -> ErasedUser:
        """Erase a page of a user's recordings; after the last, write the receipt.

        A recording that its upload address could still replace waits until that is over.

        Raises:
            StorageError: the store does not answer.
        """
        with self._database.transaction() as tx:
            listed = tx.erasures.list_uploads_to_erase(user_id, PAGE)
            held = [hold_upload(tx, each.id) for each in listed]
            going = [each for each in held if each is not None and not is_needed(tx, each.id)]
            removal = remove_objects(self._store, [key for each in going for key in list_upload_keys(each)])
            gone = [each for each in going if not removal.refused.keys() & set(list_upload_keys(each))]
            for upload in gone:
                close_upload(tx, upload)
        return ErasedUser(user_id, self._finish(user_id), len(gone), removal.reasons)

    def _finish(self, user_id: uuid.UUID) -> bool:
        """Write the receipt if nothing is left; from then on the user may begin anew."""
        with self._database.transaction() as tx:
            user = tx.erasures.find_leaving(user_id)
            if user is None:
                return False
            uploads, receipts = tx.erasures.list_erased_of(user)
            tx.receipts.add(
                DeletionReceipt(
                    id=user.receipt_id or uuid.uuid4(),
                    user_id=user_id,
                    job_id=None,
                    cause=ErasureCause.REQUEST.value,
                    requested_by=user.deletion_requested_by or "",
                    requested_at=user.deletion_requested_at,
                    body={
                        **describe_objects([key for each in uploads for key in list_upload_keys(each)]),
                        "rows": {"uploads": len(uploads), "dubbing_jobs": len(receipts)},
                        "receipts": [str(receipt_id) for receipt_id in receipts],
                    },
                )
            )
            user.deletion_requested_at = user.deletion_requested_by = user.receipt_id = None
            return True
