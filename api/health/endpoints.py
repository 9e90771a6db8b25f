"""Routes for those who watch the process."""

from fastapi import APIRouter

from api.access import ContainerDependency
from api.problems import document
from api.schemas import Reply

router = APIRouter(tags=["health"])

READINESS_KEY = "health/readiness"
"""An object that need not be there: asking for it proves that the store answers."""


class HealthReply(Reply):
    """Everything is well."""

    status: str = "ok"


@router.get("/healthz")
async def get_health() -> HealthReply:
    """Say that the process answers, however busy its threads are."""
    return HealthReply()


@router.get("/readyz", responses=document("database_unavailable", "storage_failed", "internal"))
def get_readiness(container: ContainerDependency) -> HealthReply:
    """Say that the process can do its work: the database and the store answer."""
    container.database.ping()
    container.store.find_info(READINESS_KEY)
    return HealthReply()
