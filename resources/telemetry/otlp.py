"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Imported only where there is a receiver.

A receiver that is slow, away or wrong costs nobody anything but the spans: they wait in a queue of bounded length, are
sent by a thread of their own, and are dropped when it is full.
"""

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import unquote

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dubbing.errors import DubbingError, SettingsError
from resources.telemetry.tracing import ATTRIBUTES, Attribute, Kind

EVERY_MS = 1000
"""How often spans are sent that have ended, milliseconds."""

QUEUED = 4096
"""Most spans that wait to be sent; what comes on top is dropped."""

TIMEOUT_S = 2.0
"""How long the receiver may take for one batch, and how long a process that ends waits for the last, seconds."""

LONGEST_VALUE = 200
"""Longest value of an attribute, characters; codes, ids and names are shorter."""

QUIET_S = 1.0
"""A wait that is shorter than this is not traced, seconds."""

_PLACES = TraceContextTextMapPropagator()
_KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
}

logger = structlog.stdlib.get_logger()


def parse_headers(given: str) -> dict[str, str]:
    """Read headers as OpenTelemetry writes them into one line; what is special in a value is percent-encoded.

    Raises:
        SettingsError: an entry has no name or no value.

    >>> parse_headers("Authorization=Basic%20YTpi, X-Scope=a=b")
    {'Authorization': 'Basic YTpi', 'X-Scope': 'a=b'}
    """
    headers = {}
    for entry in filter(None, map(str.strip, given.split(","))):
        name, _, value = map(str.strip, entry.partition("="))
        if not name or not value:
            raise SettingsError("DUBLINE_OTLP_HEADERS: write it as name=value,name=value.")
        headers[name] = unquote(value)
    return headers


class Receiver(SpanExporter):
    """The receiver of the settings. That it cannot be reached is said once, and again when it has answered between."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", headers=dict(headers), timeout=TIMEOUT_S)
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        result = self._exporter.export(spans)
        was_away, self._is_away = self._is_away, result is not SpanExportResult.SUCCESS
        if self._is_away and not was_away:
            logger.warning("traces.not_received")
        return result


class Spans:
    """The spans of this process.

    Args:
        endpoint: address of the receiver.
        headers: that it wants.
        share: of traces begun here that are kept, 0-1; one that was begun elsewhere is kept as was decided there.
        service: the part of the product that this process is.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str], *, share: float, service: str) -> None:
        # Its own words hold addresses, and come with every batch that is not received.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            # Made here and not looked for: what the SDK finds out about a process can hold its command line.
            resource=Resource(
                {
                    "service.name": "dubline",
                    "service.namespace": "dubline",
                    "service.instance.id": str(uuid.uuid4()),
                    "component": service,
                }
            ),
            shutdown_on_exit=False,  # which waits for half a minute
            span_limits=SpanLimits(max_span_attribute_length=LONGEST_VALUE),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(Receiver(endpoint, headers), max_queue_size=QUEUED, schedule_delay_millis=EVERY_MS)
        )
        self._tracer = self._provider.get_tracer("dubline")

    @contextmanager
    def open(
        self, name: str, parent: str | None, attributes: Mapping[str, Attribute], kind: Kind = "internal"
    ) -> Iterator[None]:
        """Trace the block; see `tracing.span`."""
        opened = self._tracer.start_as_current_span(
            name,
            context=_PLACES.extract({"traceparent": parent}, Context()) if parent is not None else None,
            kind=_KINDS[kind],
            attributes=_choose(attributes),
            # Both would keep the error's message, and that may be a customer's words.
            record_exception=False,
            set_status_on_exception=False,
        )
        with opened:
            try:
                yield
            except BaseException as error:
                self.fail(_name_error(error))
                raise

    @contextmanager
    def wait(self, waiting_on: str) -> Iterator[None]:
        """Trace the block afterwards, if it took long; see `tracing.trace_wait`."""
        began_ns = time.time_ns()
        try:
            yield
        finally:
            if time.time_ns() - began_ns > QUIET_S * 1e9:
                self._tracer.start_span("wait", start_time=began_ns, attributes={"waiting_on": waiting_on}).end()

    def describe(self, attributes: Mapping[str, Attribute], name: str | None) -> None:
        """Say more of the open span."""
        opened = trace.get_current_span()
        opened.set_attributes(_choose(attributes))
        if name is not None:
            opened.update_name(name)

    def fail(self, code: str) -> None:
        """Mark the open span as failed."""
        opened = trace.get_current_span()
        opened.set_status(StatusCode.ERROR, code)
        opened.set_attribute("error.type", code)

    def get_traceparent(self) -> str | None:
        """Return the place of the open span, if there is one."""
        carrier: dict[str, str] = {}
        _PLACES.inject(carrier)
        return carrier.get("traceparent")

    def flush(self) -> None:
        """Send what has ended, and wait for that no longer than `TIMEOUT_S`: the SDK's own waits have no limit."""
        sending = threading.Thread(target=self._provider.force_flush, name="flush", daemon=True)
        with suppress(RuntimeError):  # the interpreter is ending, and starts no thread any more
            sending.start()
            sending.join(TIMEOUT_S)


def _choose(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if name in ATTRIBUTES}


def _name_error(error: BaseException) -> str:
    return error.code if isinstance(error, DubbingError) else type(error).__name__
