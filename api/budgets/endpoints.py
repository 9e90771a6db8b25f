"""Routes of budgets; for operators only, others find nothing here."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED
from api.budgets import service
from api.budgets.schemas import BudgetPage, BudgetQuery, BudgetReply, LimitRequest
from api.operators import OperatorDependency
from api.problems import document

router = APIRouter(prefix="/admin/budgets", tags=["budgets"])

_ANY = (*PROTECTED, "malformed_request", "not_found")


@router.get("", responses=document(*_ANY))
def list_budgets(access: OperatorDependency, query: Annotated[BudgetQuery, Query()]) -> BudgetPage:
    """List what may be spent this month, and what is held and spent of it."""
    return service.list_budgets(access, query)


@router.put("/installation", responses=document(*_ANY, "request_too_large"))
def set_installation_budget(access: OperatorDependency, body: LimitRequest) -> BudgetReply:
    """Set what all jobs of a month may cost; it takes the place of the limit in the settings."""
    return service.set_budget(access, None, body)


@router.delete("/installation", responses=document(*_ANY))
def clear_installation_budget(access: OperatorDependency) -> BudgetReply:
    """Let the settings say again what all jobs of a month may cost."""
    return service.clear_budget(access, None)


@router.put("/users/{user_id}", responses=document(*_ANY, "request_too_large"))
def set_user_budget(access: OperatorDependency, user_id: uuid.UUID, body: LimitRequest) -> BudgetReply:
    """Set what a user may spend in a month; it takes the place of the limit in the settings."""
    return service.set_budget(access, user_id, body)


@router.delete("/users/{user_id}", responses=document(*_ANY))
def clear_user_budget(access: OperatorDependency, user_id: uuid.UUID) -> BudgetReply:
    """Let the settings say again what the user may spend in a month."""
    return service.clear_budget(access, user_id)
