import json
import logging
import re
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api.application import create_app
from api.problems import STATUSES, VOICELESS
from dubbing.errors import DubbingError, VendorError
from resources.container import Container
from resources.settings import Settings
from tests.support.desk import ALICE, Desk, open_desk
from tests.support.jobs import add_job

ROOT = Path(__file__).parents[3]
PROTECTED = [
    ("POST", "/v1/uploads"), ("POST", "/v1/jobs"), ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/00000000-0000-4000-8000-000000000001"),
    ("GET", "/v1/jobs/00000000-0000-4000-8000-000000000001/events"),
    ("GET", "/v1/jobs/00000000-0000-4000-8000-000000000001/artifacts"),
    ("POST", "/v1/jobs/00000000-0000-4000-8000-000000000001/cancel"),
    ("POST", "/v1/artifacts/00000000-0000-4000-8000-000000000001/download"),
    ("GET", "/v1/languages"), ("GET", "/v1/voices"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "Bearer é"])
def test_a_protected_route_lets_nobody_in_without_a_token(
    desk: Desk, method: str, path: str, header: str | None
) -> None:
    headers = {"Authorization": header.encode()} if header else {}
    reply = httpx.request(method, desk.url + path, headers=headers, content=b"not even JSON")
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.headers["content-type"] == "application/problem+json"


def test_every_route_but_those_for_everybody_is_protected(desk: Desk) -> None:
    schema = httpx.get(f"{desk.url}/openapi.json").json()
    open_to_all = {
        f"{method.upper()} {path}"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if not operation.get("security")
    }
    assert open_to_all == {
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/downloads/{token}", "HEAD /v1/downloads/{token}",
    }  # fmt: skip


def test_a_seed_token_opens_the_door(alice: httpx.Client) -> None:
    assert alice.get("/jobs").status_code == 200
    assert [item["language"] for item in alice.get("/languages").json()["items"]] == ["es", "fr", "pt-BR"]
    assert [item["name"] for item in alice.get("/voices", params={"language": "es"}).json()["items"]] == ["tone_es"]


def test_the_key_that_checks_our_tokens_is_published(desk: Desk) -> None:
    (key,) = httpx.get(f"{desk.url}/auth/v1/.well-known/jwks.json").json()["keys"]
    assert (key["kty"], key["crv"], key["use"]) == ("EC", "P-256", "sig")
    assert "d" not in key


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/v1/jobs/", 404, "not_found"),
        ("DELETE", "/v1/uploads", 405, "method_not_allowed"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    alice: httpx.Client, desk: Desk, method: str, path: str, status: int, code: str
) -> None:
    reply = alice.request(method, desk.url + path)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff\xfe", b'{"upload_id": 1e999}', b"[" * 30_000])
def test_a_body_that_is_no_request_is_malformed(alice: httpx.Client, body: bytes) -> None:
    reply = alice.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")


def test_an_unknown_parameter_is_refused(alice: httpx.Client) -> None:
    reply = alice.get("/jobs", params={"stauts": "failed"})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "stauts")


def test_a_long_body_is_refused_whatever_it_claims(alice: httpx.Client) -> None:
    def endless() -> object:
        for _ in range(100):
            yield b" " * 10_000

    reply = alice.post("/jobs", content=endless(), headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert (reply.status_code, reply.json()["code"]) == (413, "request_too_large")


def test_a_defect_of_ours_tells_nothing_and_logs_no_words_of_the_customer(
    desk: Desk, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ValueError("the customer's secret words")

    monkeypatch.setattr(type(desk.container.intake), "list_targets", break_down)
    with caplog.at_level(logging.INFO):
        reply = alice.get("/languages")
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert "secret words" not in reply.text
    assert "/work" not in reply.text
    assert "ValueError at" in caplog.text
    assert "secret words" not in caplog.text


def test_without_a_database_the_answer_is_503_and_comes_again_later(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"
    with open_desk(tmp_path, nowhere) as desk, desk.sign_in(ALICE) as client:
        reply, ready, alive = client.get("/jobs"), httpx.get(f"{desk.url}/readyz"), httpx.get(f"{desk.url}/healthz")
    assert [reply.status_code, ready.status_code, alive.status_code] == [503, 503, 200]
    assert reply.json()["code"] == "database_unavailable"
    assert "retry-after" in reply.headers
    assert "hunter2" not in reply.text + ready.text


def test_when_every_connection_is_in_use_the_answer_is_503(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.database.connection.POOL_TIMEOUT_S", 0.1)
    with (
        open_desk(tmp_path, database_url, database_connections=20) as desk,
        desk.sign_in(ALICE) as client,
        ExitStack() as held,
    ):
        for _ in range(20):
            held.enter_context(desk.database.transaction())
        reply = client.get("/jobs")
        held.close()
        assert (reply.status_code, reply.json()["code"]) == (503, "database_unavailable")
        assert client.get("/jobs").status_code == 200


def test_only_pages_that_were_named_may_call_from_a_browser(tmp_path: Path, desk: Desk, database_url: str) -> None:
    ask = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
           "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}  # fmt: skip
    assert "access-control-allow-origin" not in httpx.options(f"{desk.url}/v1/jobs", headers=ask).headers
    with open_desk(tmp_path, database_url, cors_origins=("https://app.example.com",)) as other:
        reply = httpx.options(f"{other.url}/v1/jobs", headers=ask)
        stranger = httpx.options(f"{other.url}/v1/jobs", headers=ask | {"Origin": "https://evil.example"})
        refused = httpx.get(f"{other.url}/v1/jobs", headers={"Origin": "https://app.example.com"})
    assert reply.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in stranger.headers
    assert refused.headers["access-control-allow-origin"] == "https://app.example.com"


def test_every_error_of_a_client_has_a_status_that_is_documented() -> None:
    def walk(kind: type[DubbingError]) -> set[str]:
        return {kind.code}.union(*(walk(child) for child in kind.__subclasses__()))

    inside = (walk(VendorError) - set(VOICELESS)) | {
        "internal", "file_not_found", "output_not_writable", "bad_settings", "tool_missing", "bad_weights",
        "media_failed", "recognition_failed", "translation_failed", "synthesis_failed", "bad_manifest", "run_crashed",
        "spend_limit_reached",
    }  # fmt: skip
    assert walk(DubbingError) - inside == set(STATUSES) - {"method_not_allowed"}
    page = (ROOT / "docs" / "errors.md").read_text()
    for code, status in STATUSES.items():
        assert f"| {status} | `{code}` |" in page


def test_no_cache_keeps_what_is_secret_or_soon_untrue(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    job, listed = alice.get(f"/jobs/{job_id}"), alice.get("/jobs")
    unchanged = alice.get(f"/jobs/{job_id}", headers={"If-None-Match": job.headers["etag"]})
    assert [reply.headers["cache-control"] for reply in (job, unchanged)] == ["private, no-cache"] * 2
    assert [reply.headers["cache-control"] for reply in (listed, alice.get("/nowhere"))] == ["no-store"] * 2


def test_the_page_that_shows_the_api_needs_no_other_server(desk: Desk) -> None:
    page = httpx.get(f"{desk.url}/docs").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) == 3
    assert all(part.startswith("/") and httpx.get(desk.url + part).status_code == 200 for part in parts)
    assert "//" not in "".join(re.findall(r"url: '([^']+)'", page))


def test_settings_of_the_embedded_mode_need_nothing(tmp_path: Path) -> None:
    app = create_app(Container(Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")))
    assert json.dumps(app.openapi())
