"""Traces: one for each job, from the request that submitted it to the last call of a vendor.

Without a receiver nothing of OpenTelemetry is imported, and a span costs a comparison. What sends them is in `otlp`.
"""

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

from resources.packages import require_package
from resources.settings import Settings, reveal

if TYPE_CHECKING:
    from resources.telemetry.otlp import Spans

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client"]

ATTRIBUTES = frozenset(
    {
        "attempt",
        "call",
        "cost_usd_micros",
        "dagster_job",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "job",
        "language",
        "model",
        "operation",
        "run_id",
        "stage",
        "vendor",
        "waiting_on",
    }
)
"""All that a span may say, by name; whatever else it is given is left out. None of it is anybody's words."""

_NOTHING: AbstractContextManager[None] = nullcontext()

_spans: "Spans | None" = None
_starting = threading.Lock()


def start_tracing(settings: Settings, service: str) -> None:
    """Send the spans of this process to the receiver of the settings; where there is none, do nothing.

    Call it where work begins, as often as that is, and never in a process that others are forked from: it starts a
    thread.

    Args:
        service: the part of the product that this process is: api, sensors, run, cli.

    Raises:
        SettingsError: the headers for the receiver cannot be read.
        ToolMissingError: the packages for it are not installed.
    """
    global _spans
    if settings.otlp_endpoint is None or _spans is not None:
        return
    require_package("opentelemetry.exporter.otlp.proto.http", "tracing", "DUBLINE_OTLP_ENDPOINT")
    from multiprocessing.util import Finalize

    from resources.telemetry import otlp

    with _starting:
        if _spans is None:
            headers = otlp.parse_headers(reveal(settings.otlp_headers) or "")
            _spans = otlp.Spans(settings.otlp_endpoint, headers, share=settings.trace_share, service=service)
            # Unlike `atexit`, it is heeded in forked runs too: after they have ended for everybody else.
            Finalize(None, flush_spans, exitpriority=0)


def stop_tracing() -> None:
    """Send what has ended, and trace nothing more."""
    global _spans
    flush_spans()
    _spans = None


def is_tracing() -> bool:
    """Whether spans of this process go anywhere."""
    return _spans is not None


def span(
    name: str,
    *,
    parent: str | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    kind: Kind = "internal",
) -> AbstractContextManager[None]:
    """Trace the block; an error that leaves it is told by its code or type alone.

    Args:
        name: of a bounded number of names; nothing that somebody typed.
        parent: place in a trace (W3C Trace Context) to go on from, in place of the span that is open here.
        attributes: of `ATTRIBUTES`.
        kind: server for a request that is answered, client for one that is made.
    """
    if _spans is None:
        return _NOTHING
    return _spans.open(name, parent, attributes or {}, kind)


def describe_span(attributes: Mapping[str, Attribute], *, name: str | None = None) -> None:
    """Say more of the span that is open here.

    Args:
        name: what it is called, in place of what it was opened as.
    """
    if _spans is not None:
        _spans.describe(attributes, name)


def fail_span(code: str) -> None:
    """Mark the span that is open here as failed; for an error that does not leave its block."""
    if _spans is not None:
        _spans.fail(code)


def trace_wait(waiting_on: str) -> AbstractContextManager[None]:
    """Trace the block as a wait, if it turns out to be one that anybody would notice."""
    if _spans is None:
        return _NOTHING
    return _spans.wait(waiting_on)


def get_traceparent() -> str | None:
    """Return the place in a trace of what is open here; None where nothing is traced."""
    return _spans.get_traceparent() if _spans is not None else None


def flush_spans() -> None:
    """Send what has ended; for a process that is about to end. A receiver that does not answer is not waited for."""
    if _spans is not None:
        _spans.flush()
