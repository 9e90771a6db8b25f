"""Traces: one for each job, from the request that submitted it to the last call of a vendor.

Without a receiver nothing of OpenTelemetry is imported, and a span costs a comparison.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from resources.packages import require_package
from resources.settings import Settings, reveal

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client"]

_provider: "TracerProvider | None" = None


def start_tracing(settings: Settings, service: str) -> None:
    """Send the spans of this process to the receiver of the settings; where there is none, do nothing."""
    if settings.otlp_endpoint is None or _provider is not None:
        return
    require_package("opentelemetry.sdk", "tracing", "DUBLINE_OTLP_ENDPOINT")
    _ = reveal(settings.otlp_headers), service
    raise NotImplementedError


@contextmanager
def span(
    name: str, *, parent: str | None = None, attributes: Mapping[str, Attribute] | None = None, kind: Kind = "internal"
) -> Iterator[None]:
    """Trace the block.

    Args:
        parent: place in a trace (W3C Trace Context) to go on from, in place of the span that is open here.
    """
    yield


def describe_span(attributes: Mapping[str, Attribute], *, name: str | None = None) -> None:
    """Say more of the span that is open here.

    Args:
        name: what it is called, in place of what it was opened as.
    """


def get_traceparent() -> str | None:
    """Return the place in a trace of what is open here; None where nothing is traced."""
    return None


def flush_spans() -> None:
    """Send what has ended; for a process that is about to end."""
