"""The route that a Prometheus reads. Each process of the API counts for itself and is to be read at its own address."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from api.access import ContainerDependency
from api.health.endpoints import get_probes
from api.health.probes import Probes
from api.problems import document
from dubbing.errors import AuthRejectedError, ForbiddenError
from resources.telemetry.instruments import Instruments
from resources.telemetry.readers import FORWARDING_HEADERS, may_read

router = APIRouter(tags=["health"])

_TEXT = {"schema": {"type": "string"}}
_FORMATS = {"text/plain": _TEXT, "application/openmetrics-text": _TEXT}


def require_reader(request: Request, container: ContainerDependency) -> None:
    """Let in who may read metrics.

    Raises:
        AuthRejectedError: a token is wanted, and this is not the one.
        ForbiddenError: no token is set, and the request comes from elsewhere or through a proxy.
    """
    token = container.settings.metrics_token
    is_forwarded = any(name in request.headers for name in FORWARDING_HEADERS)
    client = request.client.host if request.client is not None else None
    if may_read(token, request.headers.get("Authorization"), client, is_forwarded):
        return
    if token is not None:
        raise AuthRejectedError("Send the token that DUBLINE_METRICS_TOKEN holds as a bearer token.")
    raise ForbiddenError(
        "Without a token metrics are only for this machine itself; set DUBLINE_METRICS_TOKEN and send it as a bearer "
        "token."
    )


def get_instruments(request: Request) -> Instruments:
    """Return what this application counts into."""
    return cast("Instruments", request.app.state.instruments)


@router.get(
    "/metrics",
    dependencies=[Depends(require_reader)],
    response_class=Response,
    responses={
        200: {"description": "The metrics, as text of Prometheus or OpenMetrics.", "content": _FORMATS},
        **document("unauthorized", "forbidden", "internal"),
    },
)
async def get_metrics(
    request: Request,
    instruments: Annotated[Instruments, Depends(get_instruments)],
    probes: Annotated[Probes, Depends(get_probes)],
) -> Response:
    """Show the metrics of this process, to this machine or to who sends the token that is set for it."""
    checks = await probes.run()
    for dependency, check in checks:
        instruments.gauges["dubline_dependency_up"].labels(dependency).set(check.ok)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(instruments.registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})
