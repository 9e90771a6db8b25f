"""Route of the caller's own usage."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED, AccessDependency
from api.problems import document
from api.usage.schemas import UsageQuery, UsageReply
from api.usage.service import read_own_usage

router = APIRouter(prefix="/usage", tags=["money"])


@router.get("", responses=document(*PROTECTED, "malformed_request"))
def get_usage(access: AccessDependency, query: Annotated[UsageQuery, Query()]) -> UsageReply:
    """Read what you used in a month, and what you may still spend in it."""
    return read_own_usage(access, query)
