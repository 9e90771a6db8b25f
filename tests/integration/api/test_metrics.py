"""What a Prometheus is told by the API, and who else is told nothing."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from dubbing.errors import StorageError
from resources.storage.folder import FolderStore
from resources.telemetry.catalogue import CATALOGUE, Exporter
from tests.support.desk import ALICE, Desk, open_desk


def test_what_is_shown_is_the_catalogue_and_the_process(desk: Desk, alice: httpx.Client) -> None:
    alice.get("/jobs")
    families = list(parse_text(httpx.get(f"{desk.url}/metrics").text))
    named = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    ours = {metric.name for metric in CATALOGUE.values() if metric.exporter is Exporter.API}
    assert {name for name in named if not name.startswith("process_")} == ours
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= named


def test_each_form_that_a_prometheus_asks_for_can_be_read(desk: Desk) -> None:
    plain = httpx.get(f"{desk.url}/metrics")
    strict = httpx.get(f"{desk.url}/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert strict.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert {family.name for family in parse_open_metrics(strict.text)} >= {"dubline_http_requests"}


def test_what_is_down_is_shown_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: FolderStore, _key: str) -> None:
        raise StorageError("refused")

    monkeypatch.setattr(FolderStore, "find_info", refuse)
    text = httpx.get(f"{desk.url}/metrics").text
    found = dict(line.split(" ") for line in text.splitlines() if line.startswith("dubline_dependency_up{"))
    assert {name[len('dubline_dependency_up{dependency="') : -2]: value for name, value in found.items()} == {
        "database": "1.0", "store": "0.0", "disk": "1.0", "daemon": "0.0",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Forwarded", "x-forwarded-for", "X-Real-IP"])
def test_who_comes_through_a_proxy_is_told_what_to_set(desk: Desk, name: str) -> None:
    reply = httpx.get(f"{desk.url}/metrics", headers={name: "127.0.0.1"})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    assert reply.headers["content-type"] == "application/problem+json"
    assert "DUBLINE_METRICS_TOKEN" in reply.json()["detail"]


def test_where_a_token_is_set_only_that_one_opens(tmp_path: Path, database_url: str) -> None:
    with open_desk(tmp_path, database_url, metrics_token="open-sesame") as desk, desk.sign_in(ALICE) as user:
        url = f"{desk.url}/metrics"
        right = httpx.get(url, headers={"Authorization": "Bearer open-sesame", "X-Forwarded-For": "203.0.113.5"})
        refused = [httpx.get(url), httpx.get(url, headers={"Authorization": "Bearer sesame"}), user.get(url)]
    assert right.status_code == 200
    assert [(reply.status_code, reply.json()["code"]) for reply in refused] == [(401, "unauthorized")] * 3
    assert {reply.headers["www-authenticate"] for reply in refused} == {"Bearer"}
    assert "open-sesame" not in "".join(reply.text for reply in refused)
