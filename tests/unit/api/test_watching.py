"""The layer that watches requests, over small applications that do what is hard to bring about in a real one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from api.watching import Answer, RequestWatch, choose_request_id, is_quiet
from resources.telemetry.catalogue import Exporter
from resources.telemetry.instruments import Instruments
from resources.telemetry.redaction import build_scrubber, clean_fields

START = {"type": "http.response.start", "status": 200, "headers": []}


def run(app: Callable[[Scope, Receive, Send], Awaitable[None]], method: str = "GET") -> tuple[Any, CollectorRegistry]:
    """Answer one request; gives the line that was logged of it, and what was counted."""
    instruments = Instruments(Exporter.API)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body") == b"gone":
            raise OSError("the client is gone")

    scope = {"type": "http", "method": method, "path": "/secret", "headers": [], "app": FastAPI()}
    with capture_logs() as lines, contextlib.suppress(OSError, ValueError, asyncio.CancelledError):
        asyncio.run(RequestWatch(app, instruments)(scope, receive, send))  # type: ignore[arg-type]
    (line,) = lines
    return line, instruments.registry


def count(registry: CollectorRegistry, status: str, method: str = "GET") -> float | None:
    labels = {"method": method, "route": "unmatched", "status": status}
    return registry.get_sample_value("dubline_http_requests_total", labels)


async def break_down(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError("secret")


async def break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"some", "more_body": True})
    await send({"type": "http.response.body", "body": b"gone"})


async def be_cancelled(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise asyncio.CancelledError


async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"all", "more_body": True})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("app", "event", "status", "size_bytes"),
    [
        (answer, "request.answered", 200, 3),
        (break_off, "request.aborted", 200, 4),
        (break_down, "request.aborted", 500, 0),
        (be_cancelled, "request.aborted", "none", 0),
    ],
)
def test_a_request_is_told_and_counted_once_however_it_ends(app: Any, event: str, status: Any, size_bytes: int) -> None:
    line, registry = run(app)
    assert (line["event"], line["status"], line["size_bytes"]) == (event, status, size_bytes)
    assert count(registry, str(status)) == 1
    assert registry.get_sample_value("dubline_http_requests_in_flight") == 0
    assert "secret" not in str(line)


def test_methods_that_somebody_made_up_are_one() -> None:
    assert count(run(answer, method="BREW")[1], "200", method="OTHER") == 1


@pytest.mark.parametrize("sent", ["a", "0b6c1a52-4b0e-4f0e-9d0e-1f6f5c0c7a11", "A.b_c-9", "a1b" * 13])
def test_a_plain_id_of_the_client_is_kept_and_comes_through_the_log(sent: str) -> None:
    chosen = choose_request_id([(b"host", b"x"), (b"x-request-id", sent.encode())])
    assert clean_fields({"request_id": chosen}, build_scrubber([])) == {"request_id": sent}


@pytest.mark.parametrize(
    "sent", [b"", b"a b", b"a\n", b"a\r\nSet-Cookie: x", b"x" * 40, b"x" * 10_000, b"\xff", b"<b>", "ı".encode()]
)
def test_any_other_id_is_replaced(sent: bytes) -> None:
    made = choose_request_id([(b"x-request-id", sent)])
    assert len(made) == 32
    assert made != choose_request_id([(b"x-request-id", sent)])


@pytest.mark.parametrize(
    ("route", "status", "is_whole", "quiet"),
    [
        ("/healthz", 200, True, True),
        ("/readyz", 200, True, True),
        ("/readyz", 503, True, False),
        ("/metrics", 200, True, True),
        ("/metrics", 403, True, False),
        ("/v1/jobs/{job_id}", 304, True, True),
        ("/v1/jobs/{job_id}", 200, True, False),
        ("/healthz", 200, False, False),
    ],
)
def test_only_what_machines_ask_all_the_time_is_quiet(route: str, status: int, is_whole: bool, quiet: bool) -> None:
    assert is_quiet(route, Answer(status, 0, is_whole)) is quiet
