"""The description of the API: committed, complete, and true of every reply that a fuzzer can provoke."""

import json
import re
from pathlib import Path

import httpx
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from cli.openapi import render_openapi
from tests.support.desk import Desk

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_description_is_the_one_that_is_served(desk: Desk) -> None:
    served = httpx.get(f"{desk.url}/openapi.json").json()
    assert json.loads(COMMITTED.read_text()) == served, "run: .venv/bin/dubline openapi > docs/openapi.json"
    assert COMMITTED.read_text() == render_openapi()


def test_client_generators_find_a_name_and_the_problems_of_every_operation() -> None:
    document = json.loads(COMMITTED.read_text())
    operations = [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)
    for path, operation in operations:
        problems = {status for status in operation["responses"] if status >= "400"}
        problems -= {"503"} if path == "/readyz" else set()  # what was found, in its usual shape
        assert "500" in problems or path == "/healthz"
        assert all(
            list(operation["responses"][status]["content"]) == ["application/problem+json"] for status in problems
        )
        if path.startswith("/v1") and "downloads" not in path:
            assert {"401", "503"} <= problems
            assert operation["security"] == [{"accessToken": []}]


schema = schemathesis.openapi.from_path(COMMITTED)


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_request_breaks_the_api_or_gets_an_undocumented_reply(case: Case, desk: Desk, alice: httpx.Client) -> None:
    headers = {"Authorization": alice.headers["Authorization"]}
    # A body can be right by its schema and still name a language, a voice or an upload that is not there.
    case.call_and_validate(base_url=desk.url, headers=headers, timeout=30, excluded_checks=[positive_data_acceptance])
