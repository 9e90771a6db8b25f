"""Reading the caller's own receipts."""

import uuid

from api.access import Access
from api.cursors import cut_page, parse_cursor
from api.receipts.replies import build_pending_reply, build_receipt_reply
from api.receipts.schemas import ReceiptPage, ReceiptQuery, ReceiptReply
from dubbing.errors import NotFoundError
from resources.database.connection import UnitOfWork
from resources.database.deletion_views import find_pending_erasure
from resources.database.positions import Position


def list_own_receipts(access: Access, query: ReceiptQuery) -> ReceiptPage:
    """Return a page of receipts, newest first."""
    after = parse_cursor(query.cursor)
    with access.transaction() as tx:
        found = tx.receipts.list_of_user(access.caller.user_id, limit=query.limit + 1, after=after)
    receipts, next_cursor = cut_page(found, query.limit, lambda receipt: Position(receipt.erased_at, receipt.id))
    return ReceiptPage(items=[build_receipt_reply(receipt) for receipt in receipts], next_cursor=next_cursor)


def read_own_receipt(access: Access, receipt_id: uuid.UUID) -> ReceiptReply:
    """Return a receipt, or say that what it will be of is under way.

    Raises:
        NotFoundError: no such receipt of the caller's.
    """
    with access.transaction() as tx:
        return describe_receipt(tx, access.caller.user_id, receipt_id)


def describe_receipt(tx: UnitOfWork, user_id: uuid.UUID, receipt_id: uuid.UUID) -> ReceiptReply:
    """Describe a user's erasure as it stands.

    Raises:
        NotFoundError: there is none.
    """
    # The wish first: it goes in the transaction that writes the receipt, which is then seen by the second question.
    pending = find_pending_erasure(tx, receipt_id=receipt_id)
    receipt = tx.receipts.find(receipt_id)
    if receipt is not None and receipt.user_id == user_id:
        return build_receipt_reply(receipt)
    if pending is None or pending.user_id != user_id:
        raise NotFoundError("There is no such receipt.")
    return build_pending_reply(pending)
