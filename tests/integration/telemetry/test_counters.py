"""What a scrape says of jobs and calls, held against the rows by a naive recount."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from sqlalchemy import text

from dubbing.usage import Receipt
from resources.database import totals
from resources.database.connection import Database
from resources.database.totals import COUNTED
from resources.telemetry import counters
from resources.telemetry.catalogue import CALL_BUCKETS_S, CATALOGUE, WORK_BUCKETS_S, Exporter, Kind
from resources.telemetry.counters import ALWAYS_SHOWN, TotalsCollector
from tests.integration.telemetry.ledger import LABELS, add_event, count, open_ledger, scrape
from tests.support.jobs import add_job

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FRESH = [HealthCheck.function_scoped_fixture]

STAGES = ("transcribing", "translating", "synthesizing", "mixing", "captioning", "finalizing")
ENDS = ("completed", "completed_with_issues", "failed", "cancelled")

HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["job.queued", "job.running", "job.interrupted", "job.expired", "segment.edited"])
        | st.sampled_from([f"job.{end}" for end in ENDS])
        | st.sampled_from([f"language.{state}" for state in (*STAGES, *ENDS)]),
        st.sampled_from(["es", "fr"]),
        st.sampled_from([0, 1, 999, 1_000, 1_001, 10_000, 89_999, 7_200_000, 9_999_999]),
    ),
    max_size=30,
)


def settle_all(database: Database) -> None:
    """Put everything that a scrape must have counted out of the last second, which it leaves to the next one."""
    with database.transaction() as tx:
        tx.session.execute(text("UPDATE vendor_calls SET settled_at = settled_at - interval '1 minute'"))


def collect(database: Database) -> dict[str, Metric]:
    return {family.name: family for family in TotalsCollector(database).collect()}


def naive_buckets(spans_ms: list[int], bounds_s: tuple[float, ...]) -> list[float]:
    return [sum(span_ms <= bound_s * 1000 for span_ms in spans_ms) for bound_s in (*bounds_s, float("inf"))]


def list_buckets(family: Metric, **labels: str) -> list[float]:
    wanted = labels.items()
    found = [sample for sample in family.samples if sample.name.endswith("_bucket") and wanted <= sample.labels.items()]
    return [sample.value for sample in found]


def get_sample(family: Metric, suffix: str, **labels: str) -> float:
    (value,) = [s.value for s in family.samples if s.name == family.name + suffix and s.labels == labels]
    return value


@settings(max_examples=25, suppress_health_check=FRESH)
@given(latencies_ms=st.lists(st.integers(0, 400_000) | st.sampled_from([100, 101, 250, 300_000]), min_size=1))
def test_latencies_fall_into_the_buckets_that_a_recount_puts_them_in(
    database: Database, latencies_ms: list[int]
) -> None:
    ledger, vendor = open_ledger(database), uuid.uuid4().hex
    for latency_ms in latencies_ms:
        call = ledger.begin(vendor=vendor)
        ledger.settle(call, 1, latency_ms=latency_ms)
    count(database)
    family = collect(database)["dubline_call_duration_seconds"]
    labels = {"vendor": vendor, "operation": "synthesize"}
    assert list_buckets(family, **labels) == naive_buckets(latencies_ms, CALL_BUCKETS_S)
    assert get_sample(family, "_sum", **labels) == pytest.approx(sum(latencies_ms) / 1000)


@settings(max_examples=25, suppress_health_check=FRESH)
@given(histories=st.lists(HAPPENINGS, min_size=1, max_size=2))
def test_what_jobs_did_is_counted_as_a_recount_of_their_events_has_it(
    database: Database, histories: list[list[tuple[str, str, int]]]
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("TRUNCATE job_events, metric_totals, metric_marks"))
    expected, spans = Counter[tuple[str, str]](), {"wait": list[int](), "duration": list[int]()}
    stages = {stage: list[int]() for stage in STAGES}
    for history in histories:
        job_id, at_ms = add_job(database), 0
        with database.engine.begin() as connection:
            connection.execute(text("DELETE FROM job_events WHERE job_id = :job"), {"job": job_id})
        queued_ms, begun, language_at = None, True, dict[str, tuple[str, int]]()
        for type_, language, pause_ms in history:
            at_ms += pause_ms
            kind, _, state = type_.partition(".")
            add_event(
                database,
                job_id,
                type_,
                NOON + timedelta(milliseconds=at_ms),
                language if kind == "language" else None,
            )
            expected[kind, state] += 1
            if type_ == "job.queued":
                queued_ms, begun = at_ms, False
            elif type_ == "job.running":
                if queued_ms is not None and not begun:
                    spans["wait"].append(at_ms - queued_ms)
                begun = True
            elif kind == "job" and state in ENDS and queued_ms is not None:
                spans["duration"].append(at_ms - queued_ms)
            elif type_ == "job.interrupted":
                language_at.clear()
            elif kind == "language":
                stage, since_ms = language_at.get(language, ("", 0))
                if stage in STAGES:
                    stages[stage].append(at_ms - since_ms)
                language_at[language] = (state, at_ms)
    families = collect(database)
    assert get_sample(families["dubline_jobs_queued"], "_total") == expected["job", "queued"]
    for end in ENDS:
        assert get_sample(families["dubline_jobs_ended"], "_total", state=end) == expected["job", end]
        assert get_sample(families["dubline_languages_ended"], "_total", state=end) == expected["language", end]
    assert list_buckets(families["dubline_job_wait_seconds"]) == naive_buckets(spans["wait"], WORK_BUCKETS_S)
    durations = families["dubline_job_duration_seconds"]
    summed = [sum(each) for each in zip(*(list_buckets(durations, state=end) for end in ENDS), strict=True)]
    assert summed == naive_buckets(spans["duration"], WORK_BUCKETS_S)
    for stage in STAGES:
        buckets = list_buckets(families["dubline_stage_duration_seconds"], stage=stage)
        assert buckets == naive_buckets(stages[stage], WORK_BUCKETS_S)


def test_hours_until_somebody_goes_on_after_an_interruption_are_nobodys_stage(database: Database) -> None:
    job_id = add_job(database)
    history = ("language.synthesizing", 0), ("job.interrupted", 1), ("language.mixing", 9), ("language.completed", 10)
    for type_, hours in history:
        language = None if type_.startswith("job") else "es"
        add_event(database, job_id, type_, NOON + timedelta(hours=hours), language)
    stages = collect(database)["dubline_stage_duration_seconds"]
    assert get_sample(stages, "_count", stage="synthesizing") == 0
    assert get_sample(stages, "_sum", stage="mixing") == 3600


def test_counters_of_several_rows_are_shown_as_one(database: Database) -> None:
    with database.transaction() as first, database.transaction() as second:
        for tx in (first, second):
            tx.totals.add_found("translate", 3)
    assert get_sample(collect(database)["dubline_found_again"], "_total", operation="translate") == 6


def test_a_scrape_gives_what_the_catalogue_says_and_nothing_else(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.settle(ledger.begin(), 12, latency_ms=130)
    settle_all(database)
    given = scrape(database)
    families = {name.removesuffix("_total"): metric for name, metric in CATALOGUE.items()}
    seen = {family.name: family for family in TotalsCollector(database).collect()}
    counted = {metric.name for metric in CATALOGUE.values() if metric.exporter is Exporter.WORKER} & {
        metric.name for metric in CATALOGUE.values() if metric.kind is not Kind.GAUGE
    }
    assert {families[name].name for name in seen} == counted | {"dubline_metrics_lag_seconds"}
    for name, family in seen.items():
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(families[name].labels)
    assert given["dubline_spend_usd_micros_total", frozenset(LABELS.items())] == 12
    assert given["dubline_reading_failed", frozenset({("reading", "totals")})] == 0


def test_every_counter_of_the_worker_is_counted_from_rows_or_as_it_happens() -> None:
    added = {"dubline_found_again_total", "dubline_saved_usd_micros_total"}
    worker = {metric for metric in CATALOGUE.values() if metric.exporter is Exporter.WORKER}
    assert {metric.name for metric in worker if metric.kind is not Kind.GAUGE} == COUNTED | added


def test_what_has_not_happened_is_shown_as_nothing_so_that_a_rate_sees_the_first(database: Database) -> None:
    given = scrape(database)
    for name, shown in ALWAYS_SHOWN.items():
        sample = name if name.endswith("_total") else f"{name}_count"
        for labels in shown:
            key = frozenset(zip(CATALOGUE[name].labels, labels, strict=True))
            assert given[sample, key] == 0


def test_a_restart_goes_on_from_what_was_counted(database: Database) -> None:
    ledger = open_ledger(database)
    key = ("dubline_spend_usd_micros_total", frozenset(LABELS.items()))
    ledger.settle(ledger.begin(), 12)
    count(database)
    assert scrape(database)[key] == 12
    ledger.settle(ledger.begin(), 5)
    count(database)
    assert scrape(database)[key] == 17


def test_a_past_that_is_not_counted_to_its_end_shows_no_totals_but_how_far_they_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "SLICE", 2)
    monkeypatch.setattr(counters, "PATIENCE_S", -1.0)
    ledger = open_ledger(database)
    for _ in range(5):
        ledger.settle(ledger.begin(), 1)
    settle_all(database)
    first = collect(database)
    assert first.keys() == {"dubline_metrics_lag_seconds"}
    assert get_sample(first["dubline_metrics_lag_seconds"], "") > 0
    collect(database)
    assert get_sample(collect(database)["dubline_spend_usd_micros"], "_total", **LABELS) == 5


def test_calls_are_counted_by_their_error(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.fail(ledger.begin())
    ledger.doubt(ledger.begin())
    with database.transaction() as tx:
        call = ledger.begin()
        tx.purchases.settle_call(call, Receipt({}, None), 0)
    count(database)
    given = scrape(database)
    by = {"vendor": "vendor", "operation": "synthesize"}
    for code in ("vendor_rejected", "outcome_unknown", "none"):
        assert given["dubline_calls_total", frozenset((by | {"error_code": code}).items())] == 1
