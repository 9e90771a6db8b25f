"""The application, put together over the adapters of a container."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from api import problems
from api.alerts import endpoints as alerts
from api.artifacts import endpoints as artifacts
from api.budgets import endpoints as budgets
from api.costs import endpoints as costs
from api.dead_letters import endpoints as dead_letters
from api.deletions import endpoints as deletions
from api.downloads import endpoints as downloads
from api.estimates import endpoints as estimates
from api.health import endpoints as health
from api.jobs import endpoints as jobs
from api.keys.endpoints import build_keys_router
from api.languages import endpoints as languages
from api.limits import BodyLimit
from api.metrics import endpoints as metrics
from api.receipts import endpoints as receipts
from api.reconciliations import endpoints as reconciliations
from api.segments import endpoints as segments
from api.store.endpoints import build_store_router
from api.uploads import endpoints as uploads
from api.usage import endpoints as usage
from api.watching import HEADER, RequestWatch
from resources.container import Container
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import load_settings
from resources.storage.folder import FolderStore
from resources.telemetry.catalogue import Exporter
from resources.telemetry.instruments import Instruments
from resources.telemetry.logs import set_up_logs
from resources.telemetry.tracing import flush_spans, start_tracing

PREFIX = "/v1"
THREADS = 64
"""Requests worked on at once; more wait. Twice as many as the database gives connections, for many need none."""

READ_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Range", "If-Range")
EXPOSED_HEADERS = ("ETag", "Location", "Retry-After", "Content-Range", "Content-Disposition", "Accept-Ranges")
"""What pages in a browser may send, and see of a reply."""

DESCRIPTION = """\
Turns one recording into dubs in other languages.

1. `POST /v1/uploads` announces a recording and gives an address to send it to.
2. `POST /v1/jobs` submits it for some target languages.
3. `GET /v1/jobs/{id}` tells how far it is; poll it with the ETag of the last reply.
4. `POST /v1/artifacts/{id}/download` gives an address that works once.
5. `PATCH /v1/jobs/{id}/languages/{language}/segments/{number}` changes one line of a dub.
6. `DELETE /v1/jobs/{id}` erases everything of a job at once; after some days that happens by itself.

Every error is a problem document (RFC 9457) with a stable `code`.
"""


def create_app(container: Container | None = None) -> FastAPI:
    """Build the application; without a container one is built from the environment and closed with the application."""
    adapters = container or _open_container()
    instruments = Instruments(Exporter.API)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        if container is None:
            await to_thread.run_sync(flush_spans)
            await to_thread.run_sync(adapters.close)

    app = FastAPIOffline(
        title="Dubline",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name_operation,
        # FastAPI's own spans would hold whole addresses, and those of uploads and downloads are secrets.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.container = adapters
    app.state.instruments = instruments
    problems.install(app)
    v1 = APIRouter(prefix=PREFIX, dependencies=[Depends(_forbid_caching)])
    for noun in (
        *(uploads, estimates, jobs, segments, artifacts, downloads, deletions, receipts, languages, usage),
        *(dead_letters, budgets, costs, reconciliations, alerts),
    ):
        v1.include_router(noun.router)
    if isinstance(adapters.store, FolderStore):
        v1.include_router(build_store_router(adapters.store))
    app.include_router(v1)
    app.include_router(health.router)
    app.include_router(metrics.router)
    if adapters.settings.supabase_url is None:
        app.include_router(build_keys_router(EmbeddedIssuer(adapters.settings.keys_dir)))
    larger = {f"{PREFIX}{reconciliations.PATH}": reconciliations.MAX_BODY_BYTES}
    app.add_middleware(BodyLimit, unlimited_prefix=f"{PREFIX}/store/", larger=larger)
    app.add_middleware(problems.DefectShield)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=adapters.settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
        allow_headers=[*READ_HEADERS, HEADER],
        expose_headers=[*EXPOSED_HEADERS, HEADER],
        max_age=600,
    )
    app.add_middleware(RequestWatch, instruments=instruments)
    return app


def _open_container() -> Container:
    settings = load_settings()
    set_up_logs(settings, "api")
    start_tracing(settings, "api")
    return Container(settings)


async def _forbid_caching(response: Response) -> None:
    """Keep replies out of every cache: they hold secrets, or what is another thing a second later."""
    response.headers["Cache-Control"] = "no-store"


def _name_operation(route: APIRoute) -> str:
    """Name operations as the functions are named: clients are generated from these."""
    return route.name
