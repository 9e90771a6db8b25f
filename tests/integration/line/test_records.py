"""Dagster's records of jobs that are over, in its real storage, until nothing is left of them.

The runs are real and small, and everything else that Dagster keeps is put there as its processes put it. Time is put
back in the tables, so nothing here proves that Dagster's own clock would have written the same.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.runs.schema import RunsTable
from pydantic import SecretStr
from sqlalchemy import func, select

from dub_assets.instance import open_instance
from dub_assets.records import (
    UNFINISHED,
    ForgottenJobs,
    PurgedRecords,
    forget_jobs,
    plan_forgetting,
    purge_runs,
)
from resources.container import Container
from resources.database.embedded import PostgresAddress
from resources.settings import Settings
from tests.integration.line.recorded import DAY, Records
from tests.support.postgres import fresh_database
from tests.support.runs import add_run

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)

BY_RUN_OR_JOB = {
    "asset_check_executions",
    "asset_event_tags",
    "backfill_tags",
    "bulk_actions",
    "dynamic_partitions",
    "event_logs",
    "run_tags",
    "runs",
}
"""What jobs and operators let grow."""

BY_DEFINITION = {
    "alembic_version",
    "asset_daemon_asset_evaluations",
    "asset_keys",
    "concurrency_limits",
    "concurrency_slots",
    "daemon_heartbeats",
    "instance_info",
    "instigators",
    "jobs",
    "kvs",
    "pending_steps",
    "secondary_indexes",
    "snapshots",
}
"""As many rows as there are assets, sensors, kinds of daemon or versions of the code, however many jobs pass."""

BY_TICK = {"job_ticks"}
"""Dagster's daemons purge them, as the instance file says."""


@pytest.fixture(scope="module")
def opened(
    postgres: PostgresAddress, product_template: str, dagster_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Records]:
    with (
        fresh_database(postgres, product_template) as product,
        fresh_database(postgres, dagster_template) as dagster,
    ):
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("data"),
            cache_dir=Path("/nonexistent"),
            database_url=SecretStr(postgres.url(product, driver="postgresql")),
            dagster_database_url=SecretStr(postgres.url(dagster, driver="postgresql")),
        )
        with Container(settings) as container, open_instance(container) as instance:
            yield Records(instance)


@pytest.fixture
def records(opened: Records) -> Records:
    """Storage without runs and partitions of other tests."""
    opened.instance.wipe()
    return opened


def test_nothing_bound_to_an_erased_job_is_left_but_its_runs(records: Records) -> None:
    job_id = records.add_job()
    run_id = records.run(job_id)
    assert "asset_keys" in records.find(str(job_id))

    purged = records.purge(job_id)

    assert purged.partitions == 1
    assert records.find(str(job_id)) == {"runs", "run_tags", "event_logs"}
    assert records.find("talk.wav") == set()
    with records.instance.event_log_storage.index_connection() as connection:
        rows = SqlEventLogStorageTable.c
        assert connection.execute(select(func.count()).where(rows.run_id != run_id)).scalar_one() == 0


def test_results_of_checks_that_were_reported_without_a_run_go_too(records: Records) -> None:
    job_id = records.add_job()
    records.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("source"), check_name="heard", passed=True, metadata={}, partition=str(job_id)
        )
    )

    records.purge(job_id)

    assert records.find(str(job_id)) == set()


def test_of_a_run_that_ended_long_ago_nothing_is_left(records: Records) -> None:
    job_id = records.add_job()
    run_id = records.run(job_id, ended_at=datetime.now(UTC) - 15 * DAY)
    records.purge(job_id, keep=99 * DAY)
    assert run_id in {run.run_id for run in records.instance.get_runs()}

    purged = records.purge(job_id)

    assert purged.runs == 1
    assert records.find(str(job_id)) == set()
    assert records.find(run_id) == {"asset_keys"}, "each asset names its latest run, until the next"


def test_what_a_run_wrote_to_its_output_goes_with_it(
    records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(records.instance, "_compute_log_manager", LocalComputeLogManager(str(tmp_path)))
    ended, kept = (add_run(records.instance, dg.DagsterRunStatus.SUCCESS).run_id for _ in range(2))
    for run_id in (ended, kept):
        output = tmp_path / run_id / "compute_logs" / "heard.out"
        output.parent.mkdir(parents=True)
        output.write_text("said")
    records.put_back(ended, datetime.now(UTC) - 15 * DAY)

    records.purge()

    assert [folder.name for folder in tmp_path.iterdir()] == [kept]


def test_a_job_that_was_not_erased_keeps_everything(records: Records) -> None:
    erased, kept = records.add_job(), records.add_job()
    records.run(kept)
    before = records.find(str(kept))

    records.purge(erased)

    assert records.find(str(kept)) == before
    assert records.instance.get_dynamic_partitions("dub_jobs") == [str(kept)]


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_job_with_a_run_in_flight_is_left_and_counted(records: Records, status: dg.DagsterRunStatus) -> None:
    job_id, other = records.add_job(), records.add_job()
    run = add_run(records.instance, status, partition=str(job_id))
    records.put_back(run.run_id, datetime.now(UTC) - 99 * DAY)
    before = records.find(str(job_id))

    purged = records.purge(job_id, other)

    assert (purged.partitions, purged.left_in_flight, purged.runs) == (1, 1, 0)
    assert records.find(str(job_id)) == before
    assert forget_jobs(records.instance, [job_id]).left == (job_id,)


def test_a_second_purge_finds_nothing(records: Records) -> None:
    job_id = records.add_job()
    records.run(job_id, ended_at=datetime.now(UTC) - 15 * DAY)
    records.purge(job_id)
    counts = records.count()

    assert records.purge(job_id, uuid.uuid4()) == PurgedRecords(0, 0, 0, 0)
    assert records.count() == counts


def test_runs_go_the_oldest_first_and_no_more_than_were_asked_for(records: Records) -> None:
    now = datetime.now(UTC)
    ages = (17, 19, 18, 20)
    runs = {age: add_run(records.instance, dg.DagsterRunStatus.FAILURE).run_id for age in ages}
    for age, run_id in runs.items():
        records.put_back(run_id, now - age * DAY)

    assert purge_runs(records.instance, now - 14 * DAY, 2)[0] == 2

    assert {run.run_id for run in records.instance.get_runs()} == {runs[17], runs[18]}
    assert purge_runs(records.instance, now - 14 * DAY, 99)[0] == 2


def test_the_clock_may_be_of_any_time_zone(records: Records) -> None:
    now = datetime.now(UTC)
    run_id = add_run(records.instance, dg.DagsterRunStatus.FAILURE).run_id
    records.put_back(run_id, now - timedelta(hours=1))
    far_east, far_west = (timezone(timedelta(hours=hours)) for hours in (12, -12))

    assert purge_runs(records.instance, (now - timedelta(hours=2)).astimezone(far_east), 1)[0] == 0
    assert purge_runs(records.instance, now.astimezone(far_west), 1)[0] == 1


def test_a_purge_of_runs_that_broke_off_is_finished_by_the_next(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = records.run(records.add_job(), ended_at=datetime.now(UTC) - 15 * DAY)
    with monkeypatch.context() as broken:
        broken.setattr(type(records.instance.run_storage), "delete_run", _break_off)
        with pytest.raises(KeyboardInterrupt):
            records.purge()

    assert records.purge().runs == 1
    assert records.find(run_id) == {"asset_keys"}


def test_forgetting_that_broke_off_is_finished_by_the_next(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = records.add_job()
    with monkeypatch.context() as broken:
        broken.setattr(type(records.instance), "delete_dynamic_partition", _break_off)
        with pytest.raises(KeyboardInterrupt):
            records.purge(job_id)
    assert records.find(str(job_id)) == {"dynamic_partitions"}, "the key last: it says what is still to be done"

    records.purge(job_id)

    assert records.find(str(job_id)) == set()


def test_backfills_go_when_they_are_over_and_their_runs_are_gone(records: Records) -> None:
    over, with_runs, under_way = (
        records.add_backfill(status) for status in ("COMPLETED_SUCCESS",) * 2 + ("REQUESTED",)
    )
    add_run(records.instance, dg.DagsterRunStatus.SUCCESS, backfill=with_runs)

    records.purge(now=datetime.now(UTC) + 13 * DAY)
    assert {backfill.backfill_id for backfill in records.instance.get_backfills()} == {over, with_runs, under_way}
    with records.instance.run_storage.connect() as connection:
        connection.execute(RunsTable.update().values(update_timestamp=func.now() + 99 * DAY))
    records.purge(now=datetime.now(UTC) + 15 * DAY)

    assert {backfill.backfill_id for backfill in records.instance.get_backfills()} == {with_runs, under_way}
    assert records.find(over) == set()


def test_every_table_stops_growing(records: Records) -> None:
    keep_jobs, keep_runs, last = 1, 2, 6
    jobs: list[uuid.UUID] = []
    counts: list[dict[str, int]] = []
    for day in range(last):
        now = BEGIN + day * DAY
        jobs.append(records.add_job())
        records.run(jobs[day], ended_at=now)
        records.purge(*jobs[day - keep_jobs : day], keep=keep_runs * DAY - timedelta(hours=1), now=now)
        counts.append(records.count())

    grew = {table for table in counts[0] if counts[1][table] > counts[0][table]}
    assert grew >= {"runs", "run_tags", "event_logs"}, "what stays longer than a day"
    assert counts[keep_runs] == counts[keep_runs + 1] == counts[-1]
    assert counts[-1]["runs"] == keep_runs
    assert counts[-1]["dynamic_partitions"] == keep_jobs


def test_there_is_no_table_of_which_nobody_thought(records: Records) -> None:
    assert records.list_tables() == BY_RUN_OR_JOB | BY_DEFINITION | BY_TICK


def test_jobs_are_forgotten_in_batches(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dub_assets.records.BATCH", 2)
    job_ids = [records.add_job() for _ in range(5)]
    kept = records.add_job()

    assert forget_jobs(records.instance, [*job_ids, *job_ids]) == ForgottenJobs(partitions=5, events=5, left=())

    assert records.instance.get_dynamic_partitions("dub_jobs") == [str(kept)]
    assert records.count()["event_logs"] == 1


def test_ticks_of_every_kind_are_purged_some_day(records: Records) -> None:
    for kind in (InstigatorType.SENSOR, InstigatorType.SCHEDULE):
        kept_days = records.instance.get_tick_retention_settings(kind)
        assert all(days > 0 for days in kept_days.values()), f"{kind}: {kept_days}"


def test_jobs_at_work_are_left_and_the_others_keep_their_order() -> None:
    first, second, third = (uuid.UUID(int=number) for number in range(3))

    plan = plan_forgetting([third, first, second], {str(first)})

    assert (plan.to_forget, plan.to_leave) == ((third, second), (first,))


def _break_off(*_: object) -> None:
    raise KeyboardInterrupt
