"""Routes of alerts; for operators only, others find nothing here."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED
from api.alerts import service
from api.alerts.schemas import AlertListQuery, AlertPage, RuleList, RuleName, RuleReply, RuleRequest
from api.operators import OperatorDependency
from api.problems import document

router = APIRouter(prefix="/admin", tags=["alerts"])

_ANY = (*PROTECTED, "malformed_request", "not_found")


@router.get("/alerts", responses=document(*_ANY))
def list_alerts(access: OperatorDependency, query: Annotated[AlertListQuery, Query()]) -> AlertPage:
    """List where money passed a threshold, newest first."""
    return service.list_alerts(access, query)


@router.get("/alert-rules", responses=document(*PROTECTED, "not_found"))
def list_alert_rules(access: OperatorDependency) -> RuleList:
    """List the thresholds, each kind together, the lowest first."""
    return service.list_rules(access)


@router.put("/alert-rules/{name}", responses=document(*_ANY, "bad_input", "request_too_large"))
def set_alert_rule(access: OperatorDependency, name: RuleName, body: RuleRequest) -> RuleReply:
    """Add a threshold or change one; it counts within a minute."""
    return service.set_rule(access, name, body)
