"""Alerts and their rules over HTTP: for operators, and for nobody else."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from dubbing.alerting import Alert, AlertKind, AlertPlan
from resources.database.money_tables import AlertRow
from resources.identity.embedded_issuer import EmbeddedIssuer
from tests.support.desk import Desk

OPERATOR = uuid.UUID(int=0x0B)


@pytest.fixture(scope="module")
def operator(desk: Desk) -> Iterator[httpx.Client]:
    token = EmbeddedIssuer(desk.container.settings.keys_dir).mint(OPERATOR, is_admin=True)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{desk.url}/v1/admin", headers=headers, timeout=30) as client:
        yield client


def test_alerts_are_listed_page_by_page_and_open_ones_alone(desk: Desk, operator: httpx.Client) -> None:
    alerts = tuple(Alert("invoice differs", AlertKind.INVOICE_VARIANCE, vendor, 1, 3) for vendor in ("a", "b", "c"))
    with desk.database.transaction() as tx:
        tx.alerts.apply(AlertPlan(to_raise=alerts, to_clear=()))
        tx.alerts.apply(AlertPlan(to_raise=(), to_clear=(alerts[1],)))
    page = operator.get("/alerts", params={"limit": 1}).json()
    rest = operator.get("/alerts", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [each["subject"] for each in page["items"] + rest["items"]] == ["c", "a"]
    assert rest["next_cursor"] is None
    every = operator.get("/alerts", params={"state": "all"}).json()["items"]
    assert [(each["subject"], each["cleared_at"] is None) for each in every] == [("c", True), ("b", False), ("a", True)]
    assert (every[0]["kind"], every[0]["threshold"], every[0]["value"]) == ("invoice_variance", 1, 3)
    with desk.database.transaction() as tx:
        tx.session.execute(delete(AlertRow))


def test_a_rule_is_added_and_changed_by_its_name(operator: httpx.Client) -> None:
    wanted: dict[str, Any] = {"kind": "spend_rate", "threshold": 5_000_000}
    made = operator.put("/alert-rules/spending a little", json=wanted)
    assert (made.status_code, made.json()["is_on"], made.json()["set_by"]) == (200, True, str(OPERATOR))
    changed = operator.put("/alert-rules/spending a little", json=wanted | {"threshold": 6_000_000, "is_on": False})
    listed = {rule["name"]: rule for rule in operator.get("/alert-rules").json()["items"]}
    assert listed["spending a little"] == changed.json()
    assert (changed.json()["threshold"], changed.json()["is_on"]) == (6_000_000, False)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("x", {"kind": "moods", "threshold": 1}, "malformed_request"),
        ("x", {"kind": "budget_used"}, "malformed_request"),
        ("x", {"kind": "budget_used", "threshold": 10**40}, "bad_input"),
        ("x", {"kind": "budget_used", "threshold": 0}, "bad_input"),
        ("x", {"kind": "budget_used", "threshold": 50}, "bad_input"),
        ("x" * 65, {"kind": "budget_used", "threshold": 60}, "malformed_request"),
        ("%00", {"kind": "budget_used", "threshold": 60}, "malformed_request"),
        ("%20x", {"kind": "budget_used", "threshold": 60}, "bad_input"),
    ],
)
def test_what_is_no_rule_is_refused(operator: httpx.Client, name: str, body: dict[str, Any], code: str) -> None:
    reply = operator.put(f"/alert-rules/{name}", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/alerts", None),
        ("GET", "/alert-rules", None),
        ("PUT", "/alert-rules/x", {"kind": "budget_used", "threshold": 60}),
    ],
)
def test_who_is_no_operator_finds_nothing_here(
    desk: Desk, alice: httpx.Client, operator: httpx.Client, method: str, path: str, body: dict[str, Any] | None
) -> None:
    reply = alice.request(method, f"/admin{path}", json=body)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    assert httpx.request(method, f"{desk.url}/v1/admin{path}", json=body).status_code == 401
    assert "x" not in [rule["name"] for rule in operator.get("/alert-rules").json()["items"]]
