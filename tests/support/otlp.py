"""A receiver of traces: OTLP over HTTP, read with OpenTelemetry's own messages.

It keeps what it is sent and no more; it cannot prove what a real one makes of it.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from tests.support.waiting import wait_for

FAILED = 2
"""Status of a span that failed."""


@dataclass(frozen=True)
class Span:
    """A span as it was received."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    component: str
    attributes: Mapping[str, str | int | float | bool]
    has_failed: bool
    status_message: str
    events: int
    duration_s: float


@dataclass
class Receiver:
    """What was received so far; every span with the headers and the bytes of the request it came in."""

    url: str
    spans: list[Span] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a request; the value is the status of the reply."""
        if self.hangs.is_set():
            self._ended.wait()
        if path != "/v1/traces":
            return 404
        self.headers.append(headers)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            component = {each.key: each.value.string_value for each in resource.resource.attributes}["component"]
            self.spans += [_read(sent, component) for scope in resource.scope_spans for sent in scope.spans]
        return 200

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def trace_of(self, job_id: object) -> list[Span]:
        """All spans of the one trace in which a job's runs are."""
        traces = {span.trace_id for span in self.named("run") if span.attributes.get("job") == str(job_id)}
        assert len(traces) == 1, traces
        return [span for span in self.spans if span.trace_id in traces]

    def wait_for(self, name: str, job_id: object) -> None:
        """Wait for a span of a job."""
        wait_for(
            lambda: any(span.attributes.get("job") == str(job_id) for span in self.named(name)), f"the span {name}"
        )

    def close(self) -> None:
        """Let go of whoever hangs."""
        self._ended.set()


def find_parent(spans: list[Span], child: Span) -> Span | None:
    """Find the span that another one hangs below."""
    return next((span for span in spans if span.span_id == child.parent_id), None)


def _read(sent: SentSpan, component: str) -> Span:
    values = {each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in sent.attributes}
    return Span(
        sent.name,
        sent.trace_id.hex(),
        sent.span_id.hex(),
        sent.parent_span_id.hex(),
        sent.kind,
        component,
        values,
        sent.status.code == FAILED,
        sent.status.message,
        len(sent.events),
        (sent.end_time_unix_nano - sent.start_time_unix_nano) / 1e9,
    )


@contextmanager
def otlp_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take(self.path, dict(self.headers.items()), body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.close()
            server.shutdown()
            thread.join()
