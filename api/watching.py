"""What operators see of each request: an id, a log line, metrics and a span. Each names the route, never the path."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

import structlog
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import PROBLEM_CODE
from resources.telemetry import tracing
from resources.telemetry.catalogue import NONE
from resources.telemetry.instruments import Instruments
from resources.telemetry.logs import saying

HEADER = "X-Request-Id"

UNMATCHED = "unmatched"
"""Route of what no route takes: addresses are anybody's to invent."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "OTHER"

FIRST_FAULT = 500
"""Least status that says that the fault is ours."""

QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines."""

_NAME = HEADER.lower().encode()
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,39}")
"""An id of a client's; a longer one is taken for a key by the log, and nobody would find the request by it."""

logger = structlog.stdlib.get_logger()


@dataclass(slots=True)
class Answer:
    """What was sent of a reply.

    Attributes:
        status: None while nothing is.
        is_whole: whether its last byte was.
    """

    status: int | None = None
    size_bytes: int = 0
    is_whole: bool = False

    def note(self, message: Message) -> None:
        """Count in what has just been sent."""
        if message["type"] == "http.response.body":
            self.size_bytes += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)


class RequestWatch:
    """Watches every request from its first byte to the reply's last. The outermost layer of the application.

    A client's `traceparent` is not looked at: it would let anybody choose what is traced.
    """

    def __init__(self, app: ASGIApp, instruments: Instruments) -> None:
        self._app = app
        self._routes: dict[Callable[..., object], str] | None = None
        self._requests = instruments.counters["dubline_http_requests_total"]
        self._durations = instruments.histograms["dubline_http_request_duration_seconds"]
        self._in_flight = instruments.gauges["dubline_http_requests_in_flight"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, answer, request_id = perf_counter(), Answer(), choose_request_id(scope["headers"])
        shown_id = (_NAME, request_id.encode())

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), shown_id]}
            await send(message)
            answer.note(message)

        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._in_flight.inc()
        with saying(request_id=request_id), tracing.span(method, kind="server"):
            try:
                await self._app(scope, receive, watch)
            except Exception:
                answer.status = answer.status or 500  # which the server sends then
                raise
            finally:
                self._in_flight.dec()
                self._tell(scope, method, answer, perf_counter() - begun)

    def _tell(self, scope: Scope, method: str, answer: Answer, seconds: float) -> None:
        route, status, code = self._find_route(scope), answer.status or NONE, scope.get(PROBLEM_CODE)
        self._requests.labels(method, route, status).inc()
        self._durations.labels(method, route).observe(seconds)
        about = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        tracing.describe_span(about, name=f"{method} {route}")
        if (answer.status or 0) >= FIRST_FAULT:
            tracing.fail_span(code or str(status))
        say = logger.debug if is_quiet(route, answer) else logger.info
        say(
            "request.answered" if answer.is_whole else "request.aborted",
            method=method,
            route=route,
            status=status,
            seconds=round(seconds, 6),
            size_bytes=answer.size_bytes,
            **({"error_code": code} if code else {}),
        )

    def _find_route(self, scope: Scope) -> str:
        """Find the whole template of what answered; the route in the scope lacks the prefix it was included under."""
        if self._routes is None:
            contexts = iter_route_contexts(scope["app"].routes)
            self._routes = {each.endpoint: each.path for each in contexts if each.endpoint and each.path}
        return self._routes.get(scope.get("endpoint"), UNMATCHED)  # type: ignore[arg-type]


def choose_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take the id that the client sent, if it is short and plain, or make one."""
    sent = next((value for name, value in headers if name == _NAME), b"")
    return sent.decode() if _SANE_ID.fullmatch(sent) else uuid.uuid4().hex


def is_quiet(route: str, answer: Answer) -> bool:
    """Whether it is one of very many that nobody asks about: a look at health, or a poll of what is as it was."""
    is_routine = answer.status == 304 or (route in QUIET_ROUTES and answer.status == 200)
    return is_routine and answer.is_whole
