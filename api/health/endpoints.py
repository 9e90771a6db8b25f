"""Routes for those who watch the process."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from api.access import ContainerDependency
from api.health.probes import Probes
from api.health.schemas import Checks, HealthReply, ReadinessReply
from api.problems import document

router = APIRouter(tags=["health"])


def get_probes(request: Request, container: ContainerDependency) -> Probes:
    """Return the probes of this process."""
    state = request.app.state
    if not hasattr(state, "probes"):
        state.probes = Probes(container)
    return state.probes  # type: ignore[no-any-return]


@router.get("/healthz")
async def get_health() -> HealthReply:
    """Say that the process answers, however busy its threads are."""
    return HealthReply()


@router.get(
    "/readyz",
    responses={503: {"model": ReadinessReply, "description": "Requests would fail now."}, **document("internal")},
)
async def get_readiness(probes: Annotated[Probes, Depends(get_probes)], response: Response) -> ReadinessReply:
    """Say whether the process can do its work, and which of the things it stands on is down; within two seconds."""
    checks = await probes.run()
    status = plan_status(checks)
    response.headers["Cache-Control"] = "no-store"
    if status == "unready":
        response.status_code = 503
    return ReadinessReply(status=status, checks=checks)


def plan_status(checks: Checks) -> Literal["ready", "degraded", "unready"]:
    """Judge what was found.

    A daemon that is down makes nothing unready: jobs are taken in, shown, cancelled and downloaded without it, those
    under way go on, and the others begin when it is back. To take the API away too would only make it worse.
    """
    if not (checks.database.ok and checks.store.ok and checks.disk.ok):
        return "unready"
    return "ready" if checks.daemon.ok else "degraded"
