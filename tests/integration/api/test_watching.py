"""What operators see of real requests, and that nothing of it is a customer's."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from tests.integration.api.test_downloads import break_off, make_offer
from tests.support.desk import ALICE, Desk, open_desk
from tests.support.jobs import add_job
from tests.support.waiting import wait_for

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with capture_logs([structlog.contextvars.merge_contextvars]) as captured:
        yield captured


def get_line(lines: Lines, request_id: str) -> dict[str, Any]:
    """The line of a request; it is written after the last byte was sent."""

    def find() -> Lines:
        return [line for line in lines if line["request_id"] == request_id and line["event"].startswith("request.")]

    wait_for(lambda: len(find()) > 0, "the line of the request")
    (line,) = find()
    return dict(line)


def list_series(desk: Desk, name: str) -> list[str]:
    return [line for line in httpx.get(f"{desk.url}/metrics").text.splitlines() if line.startswith(f"{name}{{")]


def test_a_request_is_told_by_its_route_and_not_by_its_path(desk: Desk, alice: httpx.Client, lines: Lines) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    reply = alice.get(f"/jobs/{job_id}/events", params={"after": 7}, headers={"X-Request-Id": "shop-42"})
    assert reply.headers["x-request-id"] == "shop-42"
    line = get_line(lines, "shop-42")
    assert line["seconds"] > 0
    del line["seconds"]
    assert line == {
        "event": "request.answered", "log_level": "info", "method": "GET", "route": "/v1/jobs/{job_id}/events",
        "status": 200, "size_bytes": len(reply.content), "request_id": "shop-42",
    }  # fmt: skip


def test_a_problem_names_its_request_and_the_line_names_the_problem(alice: httpx.Client, lines: Lines) -> None:
    reply = alice.get(f"/jobs/{uuid.uuid4()}")
    request_id = reply.headers["x-request-id"]
    assert reply.json()["instance"] == f"urn:dubline:request:{request_id}"
    assert get_line(lines, request_id)["error_code"] == "not_found"


def test_a_defect_is_counted_as_500_and_names_its_request(
    desk: Desk, alice: httpx.Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ValueError("secret words")

    monkeypatch.setattr(type(desk.container.intake), "list_targets", break_down)
    reply = alice.get("/languages")
    line = get_line(lines, reply.headers["x-request-id"])
    assert (line["status"], line["error_code"], line["route"]) == (500, "internal", "/v1/languages")
    assert reply.json()["instance"].endswith(reply.headers["x-request-id"])
    assert any('route="/v1/languages",status="500"' in one for one in list_series(desk, "dubline_http_requests_total"))
    assert "secret" not in str(lines)


@pytest.mark.parametrize("sent", [b"a b", b"x" * 10_000, b"\xc3\xa9", b"<script>"])
def test_a_hostile_id_is_neither_sent_back_nor_logged(desk: Desk, lines: Lines, sent: bytes) -> None:
    reply = httpx.get(f"{desk.url}/nowhere", headers={"X-Request-Id": sent})
    made = reply.headers["x-request-id"]
    assert len(made) == 32
    assert get_line(lines, made)["request_id"] == made


def test_threads_that_work_for_a_request_know_its_id_and_no_other(
    desk: Desk, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_inside, seen = threading.Barrier(2, timeout=30), set[tuple[str, str]]()
    list_targets = type(desk.container.intake).list_targets

    def look(*given: Any) -> Any:
        before = structlog.contextvars.get_contextvars()["request_id"]
        both_are_inside.wait()
        seen.add((before, structlog.contextvars.get_contextvars()["request_id"]))
        return list_targets(*given)

    monkeypatch.setattr(type(desk.container.intake), "list_targets", look)
    with ThreadPoolExecutor(2) as clients:
        replies = clients.map(lambda name: alice.get("/languages", headers={"X-Request-Id": name}), ["one", "two"])
        answered = [reply.headers["x-request-id"] for reply in replies]
    assert answered == ["one", "two"]
    assert seen == {("one", "one"), ("two", "two")}


def test_a_client_that_goes_away_is_told_with_what_it_got(
    desk: Desk, alice: httpx.Client, lines: Lines, tmp_path: Path
) -> None:
    url = make_offer(desk, alice, tmp_path).get_url()
    break_off(url, 100_000)

    def find() -> Lines:
        return [line for line in lines if line["event"] == "request.aborted"]

    wait_for(lambda: len(find()) > 0, "the end of the transfer")
    (line,) = find()
    assert (line["route"], line["status"]) == ("/v1/downloads/{token}", 200)
    assert 0 < line["size_bytes"] < 10_240_000
    assert url.rsplit("/", 1)[1] not in str(lines)
    named = 'method="GET",route="/v1/downloads/{token}",status="200"'
    assert any(named in one for one in list_series(desk, "dubline_http_requests_total"))


def test_a_thousand_addresses_that_are_none_are_one_series(tmp_path: Path, database_url: str) -> None:
    with open_desk(tmp_path, database_url) as desk:
        with httpx.Client(base_url=desk.url) as client:
            for _ in range(1000):
                client.get(f"/{uuid.uuid4()}")
        found = [line for line in list_series(desk, "dubline_http_requests_total") if 'route="/metrics"' not in line]
    assert found == ['dubline_http_requests_total{method="GET",route="unmatched",status="404"} 1000.0']


def test_the_framework_makes_no_spans_of_its_own_for_they_would_hold_whole_addresses(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, made = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(made))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    assert httpx.get(f"{desk.url}/v1/store/secret?signature=secret").status_code == 403
    assert [span.attributes for span in made.get_finished_spans()] == []


def test_a_page_in_a_browser_may_see_the_id(tmp_path: Path, database_url: str) -> None:
    with open_desk(tmp_path, database_url, cors_origins=("https://app.example.com",)) as desk:
        reply = httpx.get(f"{desk.url}/v1/jobs", headers={"Origin": "https://app.example.com"})
    assert "X-Request-Id" in reply.headers["access-control-expose-headers"]
    assert reply.headers["x-request-id"]
