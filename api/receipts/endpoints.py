"""Routes of receipts."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED, AccessDependency
from api.problems import document
from api.receipts.schemas import ReceiptPage, ReceiptQuery, ReceiptReply
from api.receipts.service import list_own_receipts, read_own_receipt

router = APIRouter(prefix="/receipts", tags=["deletion"])


@router.get("", responses=document(*PROTECTED, "malformed_request"))
def list_receipts(access: AccessDependency, query: Annotated[ReceiptQuery, Query()]) -> ReceiptPage:
    """List what of yours was erased, newest first: when its time was over, or when you asked."""
    return list_own_receipts(access, query)


@router.get("/{receipt_id}", responses=document(*PROTECTED, "malformed_request", "not_found"))
def get_receipt(access: AccessDependency, receipt_id: uuid.UUID) -> ReceiptReply:
    """Read a receipt; while what you asked for is being erased it says `pending`."""
    return read_own_receipt(access, receipt_id)
