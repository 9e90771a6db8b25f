"""Route of costs; for operators only, others find nothing here."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import PROTECTED
from api.costs import service
from api.costs.replies import render_csv
from api.costs.schemas import CostListQuery, CostReply
from api.operators import OperatorDependency
from api.problems import document

router = APIRouter(prefix="/admin/costs", tags=["money"])

CSV = "text/csv"


@router.get(
    "",
    response_model=CostReply,
    responses={
        200: {
            "description": "The sums; as CSV where that is asked for, and then `Dubline-Rows-Left-Out` counts the "
            "rows beyond the limit.",
            "content": {CSV: {"schema": {"type": "string"}}},
        },
        **document(*PROTECTED, "malformed_request", "not_found"),
    },
)
def list_costs(access: OperatorDependency, request: Request, query: Annotated[CostListQuery, Query()]) -> Any:
    """Sum up what some days cost, by whatever is asked for; from their bills, which are made every hour."""
    reply = service.sum_costs(access, query)
    wants_csv = query.format == "csv" or (query.format is None and CSV in request.headers.get("accept", ""))
    if not wants_csv:
        return reply
    headers = {"Cache-Control": "no-store", "Dubline-Rows-Left-Out": str(reply.left_out)}
    return Response(render_csv(reply), media_type=CSV, headers=headers)
