"""Routes of deletions."""

import uuid

from fastapi import APIRouter, Response

from api.access import PROTECTED, AccessDependency
from api.deletions.service import delete_own_job, delete_own_user
from api.problems import document
from api.receipts.schemas import ReceiptReply

router = APIRouter(tags=["deletion"])

_LOCATION = {"Location": {"description": "Where to read the receipt.", "schema": {"type": "string"}}}


@router.delete(
    "/jobs/{job_id}",
    response_model=ReceiptReply,
    responses={
        200: {"description": "Everything of the job is erased.", "headers": _LOCATION},
        202: {
            "description": "It is recorded, and nothing of the job can be had any more; the rest goes on by itself.",
            "headers": _LOCATION,
            "model": ReceiptReply,
        },
        **document(*PROTECTED, "malformed_request", "not_found"),
    },
)
def delete_job(access: AccessDependency, job_id: uuid.UUID, response: Response) -> ReceiptReply:
    """Erase a job now: its files, its words, its recording unless another of your jobs needs it. What runs is stopped.

    The same request again gives the same receipt.
    """
    return _announce(delete_own_job(access, job_id), response)


@router.delete(
    "/users/me",
    status_code=202,
    response_model=ReceiptReply,
    responses={
        202: {"description": "It is recorded; it goes on by itself.", "headers": _LOCATION},
        **document(*PROTECTED),
    },
)
def delete_user(access: AccessDependency, response: Response) -> ReceiptReply:
    """Erase everything that is yours: all jobs and recordings. What runs is stopped.

    Until it is done no uploads and jobs are taken from you; after that you may begin anew.
    """
    receipt = delete_own_user(access)
    response.headers["Location"] = f"/v1/receipts/{receipt.receipt_id}"
    return receipt


def _announce(receipt: ReceiptReply, response: Response) -> ReceiptReply:
    response.headers["Location"] = f"/v1/receipts/{receipt.receipt_id}"
    response.status_code = 202 if receipt.state == "pending" else 200
    return receipt
