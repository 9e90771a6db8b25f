"""From rows to the bodies that clients and operators read."""

from api.receipts.schemas import ReceiptReply
from resources.database.deletion_views import PendingErasure
from resources.database.tables import DeletionReceipt, ErasureCause


def build_receipt_reply(receipt: DeletionReceipt) -> ReceiptReply:
    """Describe an erasure that is done."""
    return ReceiptReply(
        receipt_id=receipt.id,
        state="erased",
        job_id=receipt.job_id,
        cause=ErasureCause(receipt.cause),
        requested_by=receipt.requested_by,
        requested_at=receipt.requested_at,
        erased_at=receipt.erased_at,
        body=receipt.body,
    )


def build_pending_reply(pending: PendingErasure) -> ReceiptReply:
    """Describe an erasure that is under way."""
    return ReceiptReply(
        receipt_id=pending.receipt_id,
        state="pending",
        job_id=pending.job_id,
        cause=ErasureCause.REQUEST,
        requested_by=pending.requested_by,
        requested_at=pending.requested_at,
        erased_at=None,
        body=None,
    )
