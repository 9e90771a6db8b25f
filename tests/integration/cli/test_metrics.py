"""The exporter in a process of its own, read as Prometheus reads it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from resources.database.embedded import PostgresAddress
from tests.support.postgres import fresh_database

DUBLINE = Path(sys.executable).with_name("dubline")
DEADLINE_S = 60


@contextmanager
def exporting(database_url: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUBLINE_")}
    given = {"DATABASE_URL": database_url, "DAGSTER_DATABASE_URL": database_url, "METRICS_PORT": "0", **settings}
    environment |= {f"DUBLINE_{name}": value for name, value in given.items()}
    process = subprocess.Popen(
        [str(DUBLINE), "metrics"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def database_url(postgres: PostgresAddress, product_template: str) -> Iterator[str]:
    with fresh_database(postgres, product_template) as name:
        yield postgres.url(name, driver="postgresql")


def ask(url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=DEADLINE_S, trust_env=False)


def read_failures(answer: httpx.Response) -> dict[str, float]:
    return {
        sample.labels["reading"]: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if family.name == "dubline_reading_failed"
    }


def test_it_is_read_from_this_machine_and_ends_when_it_is_told_to(database_url: str) -> None:
    with exporting(database_url) as (process, url):
        answer = ask(url)
        for_somebody_else = ask(url, {"X-Forwarded-For": "192.0.2.7"})
        well = ask(url.replace("/metrics", "/healthz"))
        elsewhere = ask(url.replace("/metrics", "/"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert (answer.status_code, for_somebody_else.status_code) == (200, 401)
    assert (well.status_code, elsewhere.status_code) == (200, 404)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "dubline_jobs_queued_total 0.0" in answer.text
    assert read_failures(answer)["totals"] == 0
    assert (process.returncode, "Traceback" in err) == (0, False)


def test_who_has_not_the_token_reads_nothing(database_url: str) -> None:
    with exporting(database_url, METRICS_TOKEN="spelled out") as (_, url):
        assert ask(url).status_code == 401
        assert ask(url, {"Authorization": "Bearer spelled"}).status_code == 401
        assert "dubline_" not in ask(url).text
        assert ask(url, {"Authorization": "Bearer spelled out"}).status_code == 200


def test_a_database_that_is_away_is_said_and_no_error() -> None:
    with exporting("postgresql://nobody:nothing@127.0.0.1:1/none") as (_, url):
        answer = ask(url)
    assert answer.status_code == 200
    assert read_failures(answer)["totals"] == 1
    assert "dubline_jobs_queued_total" not in answer.text


def test_an_address_that_is_taken_is_said_in_a_sentence(database_url: str) -> None:
    with exporting(database_url) as (_, url):
        port = url.removesuffix("/metrics").rpartition(":")[2]
        with exporting(database_url, METRICS_PORT=port) as (second, _):
            _, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 31
    assert "DUBLINE_METRICS_PORT" in err
