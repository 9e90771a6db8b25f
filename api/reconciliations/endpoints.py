"""Routes of invoices held against the ledger; for operators only, others find nothing here."""

import tempfile
import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.access import PROTECTED
from api.operators import OperatorDependency
from api.problems import document
from api.reconciliations import service
from api.reconciliations.schemas import (
    FindingListQuery,
    ReconcileQuery,
    ReconciliationDetailReply,
    ReconciliationListQuery,
    ReconciliationPage,
)
from resources.invoicing.invoice_file import MAX_FILE_BYTES

PATH = "/admin/reconciliations"
MAX_BODY_BYTES = MAX_FILE_BYTES

router = APIRouter(prefix=PATH, tags=["reconciliations"])

_ANY = (*PROTECTED, "malformed_request", "not_found")


@router.get("", responses=document(*_ANY))
def list_reconciliations(
    access: OperatorDependency, query: Annotated[ReconciliationListQuery, Query()]
) -> ReconciliationPage:
    """List the invoices that were held against the ledger, the newest comparison first."""
    return service.list_all(access, query)


@router.get("/{reconciliation_id:uuid}", responses=document(*_ANY))
def get_reconciliation(
    access: OperatorDependency, reconciliation_id: uuid.UUID, query: Annotated[FindingListQuery, Query()]
) -> ReconciliationDetailReply:
    """Read what the comparison of an invoice gave."""
    return service.read(access, reconciliation_id, query)


@router.post(
    "",
    status_code=201,
    response_model=ReconciliationDetailReply,
    responses={
        200: {"description": "What would come of it; nothing is written.", "model": ReconciliationDetailReply},
        201: {"description": "The invoice is compared, and doubts that it answers are ended."},
        **document(*_ANY, "bad_input", "request_too_large"),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def reconcile_invoice(
    access: OperatorDependency, request: Request, response: Response, query: Annotated[ReconcileQuery, Query()]
) -> ReconciliationDetailReply:
    """Hold a vendor's invoice, a CSV file in the body, against the ledger. The same file is compared once."""
    if query.dry_run:
        response.status_code = 200
    with tempfile.TemporaryFile() as file:
        async for block in request.stream():
            await run_in_threadpool(file.write, block)
        file.seek(0)
        return await run_in_threadpool(service.reconcile, access, file, query)
