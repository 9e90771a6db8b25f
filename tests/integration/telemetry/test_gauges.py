"""The gauges as Prometheus is given them, on the real Postgres."""

import math
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, text

from dubbing.jobs import JobState, WaitingOn
from resources.database import connection
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.signs_of_life import Sign, show_sign
from resources.database.tables import CallState, VendorCircuit
from resources.database.vendor_quotas import Quota
from resources.settings import Settings
from resources.telemetry import gauges
from resources.telemetry.catalogue import CATALOGUE, Exporter, Kind
from resources.telemetry.gauges import GaugesCollector
from tests.support.goings_on import add_call, add_job_in_flight, add_waiting_job
from tests.support.postgres import fresh_database

LAG = "dubline_metrics_lag_seconds"
"""Told by whoever counts."""

Exposed = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture
def database(postgres: PostgresAddress, product_template: str) -> Iterator[Database]:
    with fresh_database(postgres, product_template) as name:
        database = Database(postgres.url(name, driver="postgresql"))
        yield database
        database.close()


def build_settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]


def expose(database: Database, settings: Settings | None = None) -> Exposed:
    registry = CollectorRegistry()
    registry.register(GaugesCollector(database, settings or build_settings()))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        family.name: {
            tuple(sample.labels[label] for label in CATALOGUE[family.name].labels): sample.value
            for sample in family.samples
        }
        for family in families
    }


def test_all_gauges_of_the_catalogue_are_exported_and_no_others(database: Database) -> None:
    gauges_ = {name for name, each in CATALOGUE.items() if (each.kind, each.exporter) == (Kind.GAUGE, Exporter.WORKER)}
    exposed = expose(database)
    assert exposed.keys() == gauges_ - {LAG}
    assert set(exposed["dubline_reading_failed"].values()) == {0}


def test_what_is_known_beforehand_is_there_with_nothing(database: Database) -> None:
    exposed = expose(database)
    assert exposed["dubline_jobs"] == {(state.value,): 0 for state in (JobState.QUEUED, JobState.RUNNING)}
    assert exposed["dubline_languages_waiting"] == {(on.value,): 0 for on in WaitingOn}
    vendors = {("deepgram",): 0, ("elevenlabs",): 0, ("openai",): 0}
    assert exposed["dubline_circuit_open"] == exposed["dubline_calls_in_doubt"] == vendors
    assert exposed["dubline_vendor_slots"].keys() == exposed["dubline_vendor_slots_used"].keys() != set()
    assert set(exposed["dubline_retention_overdue"].values()) == {0}
    assert exposed["dubline_budget_limit_usd_micros"] == {}


def test_a_daemon_that_is_not_there_is_silent_without_end(database: Database) -> None:
    assert expose(database)["dubline_daemon_silence_seconds"] == {(): math.inf}
    with database.transaction() as tx:
        show_sign(tx.session, Sign.DAEMON)
    assert expose(database)["dubline_daemon_silence_seconds"][()] < math.inf


def test_figures_reach_their_gauges(database: Database) -> None:
    add_waiting_job(database, since=timedelta(hours=1))
    job_id = add_job_in_flight(database, silence=timedelta(minutes=5))
    add_call(database, job_id, state=CallState.SPEND_UNKNOWN, estimated_usd_micros=9)
    with database.transaction() as tx:
        tx.budgets.set_limit(None, 50, "test")
        tx.quotas.record("deepgram", Quota("characters", 25, 100))
        tx.quotas.record("elevenlabs", Quota("characters", 25, 100))
        now = func.clock_timestamp()
        tx.session.add(VendorCircuit(vendor="deepgram", failures=5, open_until=now + timedelta(hours=1)))
        tx.session.add(VendorCircuit(vendor="openai", failures=5, open_until=now - timedelta(hours=1)))
    exposed = expose(database, build_settings(deepgram_api_key="key"))
    assert exposed["dubline_oldest_queued_job_seconds"][()] >= 3600
    assert exposed["dubline_heartbeat_age_seconds"][()] >= 300
    assert exposed["dubline_runs"][("started",)] == exposed["dubline_runs"][("due",)] == 1
    assert exposed["dubline_calls_in_doubt_usd_micros"][("deepgram",)] == 9
    assert exposed["dubline_budget_limit_usd_micros"] == {(): 50}
    assert exposed["dubline_vendor_quota_left_ratio"] == {("deepgram",): 0.25}
    assert exposed["dubline_circuit_open"] == {("deepgram",): 1, ("elevenlabs",): 0, ("openai",): 0}


def test_a_part_that_cannot_be_read_is_named_and_the_others_come(database: Database) -> None:
    with database.engine.begin() as owner:
        owner.execute(text("DROP TABLE vendor_quotas"))
    exposed = expose(database)
    failed = {reading for (reading,), value in exposed["dubline_reading_failed"].items() if value}
    assert failed == {"quotas"}
    assert exposed["dubline_retention_overdue"].keys() != set()


def test_a_part_that_takes_too_long_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "ONE_S", 0.2)
    with database.engine.begin() as owner:
        owner.execute(text("LOCK TABLE bills IN ACCESS EXCLUSIVE MODE"))
        exposed = expose(database)
    failed = {reading for (reading,), value in exposed["dubline_reading_failed"].items() if value}
    assert failed == {"bills"}


def test_once_the_time_is_up_the_rest_is_not_tried(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "ALL_S", 0.0)
    exposed = expose(database)
    failed = {reading for (reading,), value in exposed["dubline_reading_failed"].items() if value}
    assert failed == {reading for (reading,) in exposed["dubline_reading_failed"]} - {"daemon"}


def test_a_connection_that_is_lost_costs_the_figures_and_not_the_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = GaugesCollector(database, build_settings())

    def lose(tx: connection.UnitOfWork) -> Iterator[gauges.Sample]:
        tx.session.execute(text("RESET ROLE"))
        tx.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        yield from ()

    monkeypatch.setattr(collector, "_parts", {**collector._parts, "waiting": lose})
    failed = {
        sample.labels["reading"]: sample.value
        for family in collector.collect()
        if family.name == "dubline_reading_failed"
        for sample in family.samples
    }
    assert [failed[reading] for reading in ("jobs", "runs", "waiting", "slots", "retention")] == [0, 0, 1, 1, 1]


def test_without_a_database_everything_failed_and_nothing_is_raised(postgres: PostgresAddress) -> None:
    database = Database(postgres.url("not_there", driver="postgresql"))
    assert set(expose(database)["dubline_reading_failed"].values()) == {1}
