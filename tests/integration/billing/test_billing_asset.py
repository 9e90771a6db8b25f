"""The bill as an asset: thirty days of it, its exports, and the hourly schedule, on a real instance."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

import resources.billing.exports
from dub_assets.billing import billing_daily
from dub_assets.definitions import build_definitions
from dubbing.billing import PRICED
from dubbing.errors import ToolMissingError
from dubbing.jobs import LanguageState
from resources.container import Container
from resources.settings import Settings
from schedules.billing import hourly_bill
from tests.support.billed import DAY, NOON, Ledger

DAYS = 30


@pytest.fixture
def container(ledger: Ledger) -> Container:
    return Container(Settings(), overrides={"database": ledger.database, "store": ledger.store})


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def make(container: Container, instance: dg.DagsterInstance, day: date) -> dg.ExecuteInProcessResult:
    job = build_definitions(container).resolve_job_def("bill")
    return job.execute_in_process(instance=instance, partition_key=day.isoformat())


def test_thirty_days_are_billed_one_partition_each(
    ledger: Ledger, container: Container, instance: dg.DagsterInstance
) -> None:
    job_id = ledger.add_job({"es": LanguageState.COMPLETED})
    days = [DAY + timedelta(days=number) for number in range(DAYS)]
    for number in range(DAYS):
        ledger.add_call(job_id, cost=number, at=NOON + timedelta(days=number))
    job = build_definitions(container).resolve_job_def("bill")
    for day in days:
        assert job.execute_in_process(instance=instance, partition_key=day.isoformat()).success
    assert instance.get_materialized_partitions(billing_daily.key) == {day.isoformat() for day in days}
    assert [ledger.get_bill(day).cost_usd_micros for day in days] == list(range(DAYS))
    assert ledger.biller.find_stale_days() == []


def test_a_bill_tells_its_sums_its_costliest_lines_and_where_its_exports_are(
    ledger: Ledger, container: Container, instance: dg.DagsterInstance
) -> None:
    job_id = ledger.add_job({"es": LanguageState.COMPLETED, "fr": LanguageState.FAILED})
    ledger.add_call(job_id, "es", 2_000_000)
    ledger.add_call(job_id, "fr", 1_000_000)
    result = make(container, instance, DAY)
    told = result.asset_materializations_for_node("billing_daily")[0].metadata
    sums = {name: told[f"{name}_usd_micros"].value for name in ("cost", "charged", "lost")}
    assert sums == {"cost": 3_000_000, "charged": 2_000_000, "lost": 1_000_000}
    assert [record.data["language"] for record in told["costliest_lines"].records] == ["es", "fr"]  # type: ignore[union-attr]
    assert "| acme synthesize | 3.0000 |" in str(told["cost"].value)
    assert (told["parquet_key"].value, told["csv_key"].value) == (f"billing/{DAY}.parquet", f"billing/{DAY}.csv")
    assert ledger.get_bill().run_id == result.run_id
    assert {each.passed for each in result.get_asset_check_evaluations()} == {True}


def test_a_check_that_fails_fails_for_its_day_alone_and_the_bill_is_made(
    ledger: Ledger, container: Container, instance: dg.DagsterInstance
) -> None:
    job_id = ledger.add_job({"es": LanguageState.COMPLETED})
    ledger.add_price("characters", 1)
    ledger.add_call(job_id, cost=7)
    call_id = ledger.add_call(job_id, usage={"characters": 600})
    ledger.add_call(job_id, cost=7, at=NOON + timedelta(days=1))
    found = [
        (each.partition, each.check_name, each.metadata["calls"].value)
        for day in (DAY, DAY + timedelta(days=1))
        for each in make(container, instance, day).get_asset_check_evaluations()
        if not each.passed
    ]
    assert found == [(str(DAY), PRICED, [str(call_id)])]
    assert ledger.get_bill().cost_usd_micros == 7


def test_both_exports_have_the_lines_of_the_bill_and_no_formula(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": LanguageState.COMPLETED})
    ledger.add_price("characters", 1)
    ledger.add_call(job_id, "es", 20, model="=cmd|' /C calc'!A0", usage={"characters": 20_000})
    ledger.add_call(job_id, None, 10)
    exports = ledger.biller.make(DAY).exports
    assert exports is not None
    with ledger.store.fetch(exports.parquet_key) as file:
        parquet = pd.read_parquet(file)
    with ledger.store.fetch(exports.csv_key) as file:
        csv = pd.read_csv(file)
    assert list(parquet["cost_usd_micros"]) == list(csv["cost_usd_micros"]) == [20, 10]
    assert list(parquet["usage"]) == ['{"characters": 20000}', "{}"]
    assert list(parquet["day"]) == [DAY, DAY]
    assert parquet["language"].isna().tolist() == csv["language"].isna().tolist() == [False, True]
    assert list(csv["model"]) == ["'=cmd|' /C calc'!A0", "m"]


def test_an_empty_day_has_exports_without_lines(ledger: Ledger) -> None:
    exports = ledger.biller.make(DAY).exports
    assert exports is not None
    with ledger.store.fetch(exports.parquet_key) as file:
        assert len(pd.read_parquet(file)) == 0


def test_without_the_extra_a_bill_is_made_and_says_that_it_is_not_exported(
    ledger: Ledger, container: Container, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(package: str, extra: str, what: str) -> None:
        raise ToolMissingError(f"{what} needs {package}.")

    ledger.add_call(ledger.add_job({"es": LanguageState.COMPLETED}), cost=4)
    with monkeypatch.context() as patched:
        patched.setattr(resources.billing.exports, "require_package", refuse)
        told = make(container, instance, DAY).asset_materializations_for_node("billing_daily")[0].metadata
        assert "parquet_key" not in told
        assert told["not_exported"].value == "The export of bills needs pandas."
        assert ledger.biller.find_stale_days() == []
    assert ledger.get_bill().cost_usd_micros == 4
    assert ledger.biller.find_stale_days() == [DAY]


def test_every_hour_the_days_without_a_bill_of_now_are_asked_for_and_no_others(
    ledger: Ledger, container: Container, instance: dg.DagsterInstance
) -> None:
    now = datetime.now(UTC)
    job_id = ledger.add_job({"es": LanguageState.COMPLETED})
    for at in (NOON, NOON + timedelta(days=1), now):
        ledger.add_call(job_id, at=at)
    ledger.biller.make(DAY)
    ledger.biller.make(now.date())
    repository = build_definitions(container).get_repository_def()
    tick = dg.build_schedule_context(
        instance, scheduled_execution_time=now, resources={"container": container}, repository_def=repository
    )
    asked = hourly_bill.evaluate_tick(tick).run_requests or ()
    keys = [request.partition_key for request in asked]
    assert keys == [now.date().isoformat(), (DAY + timedelta(days=1)).isoformat()]
