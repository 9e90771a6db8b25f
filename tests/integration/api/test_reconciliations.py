"""Invoices against the ledger over HTTP: for operators, and for nobody else."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.reconciliations import endpoints
from resources.identity.embedded_issuer import EmbeddedIssuer
from tests.integration.invoicing.desk import Books, open_books, write_file, write_line
from tests.support.desk import Desk

SPAN = {"vendor": "deepgram", "since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}


@pytest.fixture(scope="module")
def operator(desk: Desk) -> Iterator[httpx.Client]:
    token = EmbeddedIssuer(desk.container.settings.keys_dir).mint(uuid.UUID(int=0x0B), is_admin=True)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{desk.url}/v1/admin", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def books(desk: Desk) -> Books:
    books = open_books(desk.database)
    books.vendor = "deepgram"
    return books


def post(client: httpx.Client, content: bytes, **more: Any) -> httpx.Response:
    headers = {"Content-Type": "text/csv"}
    return client.post("/reconciliations", params=SPAN | more, content=content, headers=headers)


def test_an_invoice_is_rehearsed_compared_listed_and_read(operator: httpx.Client, books: Books) -> None:
    doubt = books.doubt("api-d", characters=50)
    lines = [write_line("api-d", 150), *(write_line(f"api-x{n}", 7, characters=9) for n in range(3))]
    content = write_file(*lines).read()
    rehearsed = post(operator, content, dry_run=True)
    assert (rehearsed.status_code, rehearsed.json()["doubts_ended"]) == (200, 1)
    assert operator.get("/reconciliations").json()["items"] == []
    done = post(operator, content)
    assert done.status_code == 201
    reply = done.json()
    assert (reply["variance_usd_micros"], reply["missing_in_ledger"], reply["agrees"]) == (21, 3, False)
    assert (reply["compared_by"], books.get_call(doubt).state) == (str(uuid.UUID(int=0x0B)), "settled")
    assert [item["id"] for item in operator.get("/reconciliations").json()["items"]] == [reply["id"]]
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(2):
        page = operator.get(f"/reconciliations/{reply['id']}", params={"limit": 2, **cursor}).json()
        found += [item["request_id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (sorted(found), page["next_cursor"]) == (["api-d", "api-x0", "api-x1", "api-x2"], None)
    refused = post(operator, content)
    assert (refused.status_code, refused.json()["code"], reply["id"] in refused.json()["detail"]) == (
        422,
        "bad_input",
        True,
    )
    assert post(operator, content, again=True).status_code == 201


def test_an_invoice_that_cannot_be_read_is_refused_by_line(operator: httpx.Client) -> None:
    refused = post(operator, b"request_id,model,usd_micros,at\n=1+1,x,1,2026-03-10T12:00:00Z\n")
    assert (refused.status_code, refused.json()["detail"].startswith("Line 2 ")) == (422, True)
    assert post(operator, b"").json()["code"] == "bad_input"
    assert post(operator, b"", vendor="acme").json()["code"] == "malformed_request"
    assert post(operator, b"", since="2026-03-01T00:00:00").json()["code"] == "malformed_request"


def test_an_invoice_may_be_larger_than_json_and_has_an_end(operator: httpx.Client, books: Books) -> None:
    large = write_file(*(write_line(f"large-{n}", 1, characters=n) for n in range(2_000))).read()
    assert len(large) > 64 * 1024
    assert post(operator, large, dry_run=True).json()["missing_in_ledger"] == 2_000
    assert post(operator, b"x" * (endpoints.MAX_BODY_BYTES + 1)).json()["code"] == "request_too_large"
    other = operator.post("/dead-letters/replay", content=b"x" * 70_000)
    assert other.json()["code"] == "request_too_large"


def test_nobody_else_finds_anything_there(desk: Desk, alice: httpx.Client) -> None:
    for answer in (
        alice.get("/admin/reconciliations"),
        alice.get(f"/admin/reconciliations/{uuid.uuid4()}"),
        alice.post("/admin/reconciliations", params=SPAN, content=b"x"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert httpx.post(f"{desk.url}/v1/admin/reconciliations", params=SPAN, content=b"x").status_code == 401


def test_a_comparison_that_there_is_not_is_not_found(operator: httpx.Client) -> None:
    assert operator.get(f"/reconciliations/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00+14:00"),
        ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_span_at_the_end_of_time_is_refused(operator: httpx.Client, since: str, until: str) -> None:
    at = since.replace("T00:00:00", "T06:00:00")
    content = f"request_id,model,usd_micros,at\na,x,1,{at}\n".encode()
    refused = post(operator, content, since=since, until=until)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")
