"""How large Dagster's storage becomes when jobs come every day: with its records purged, and without.

One small job of as many assets as the line has is really run; the jobs of all the days are copies of its rows, made by
the server, with names of their own. The days are simulated. A plain VACUUM after each stands for the autovacuum that a
real day would have seen, so the figures say what the tables need and not how late autovacuum would be.
"""

import json
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dagster as dg
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from dub_assets.checks import build_language_check
from dub_assets.instance import open_instance
from dub_assets.partitions import dub_jobs
from dub_assets.records import purge_records
from dub_assets.source import report_job
from resources.container import Container
from resources.database.tables import Upload
from resources.settings import Settings

DAYS = 30
JOBS_A_DAY = 15
KEEP_JOBS_DAYS = 2
KEEP_RUNS = timedelta(days=14)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest")
RESULTS = Path("out") / "growth.json"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

COPIES = (
    """INSERT INTO runs (run_id, snapshot_id, pipeline_name, status, run_body, partition, partition_set,
        create_timestamp, update_timestamp, start_time, end_time)
    SELECT :run, snapshot_id, pipeline_name, status, replace(replace(run_body, :old_run, :run), :old_job, :job),
        :job, partition_set, :now, :now, start_time, end_time FROM runs WHERE run_id = :old_run""",
    """INSERT INTO run_tags (run_id, key, value)
    SELECT :run, key, replace(value, :old_job, :job) FROM run_tags WHERE run_id = :old_run""",
    """INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES ('dub_jobs', :job)""",
    """INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
    SELECT replace(run_id, :old_run, :run), replace(replace(event, :old_run, :run), :old_job, :job),
        dagster_event_type, :now, step_key, asset_key, replace(partition, :old_job, :job)
    FROM event_logs WHERE run_id = :old_run OR partition = :old_job ORDER BY id""",
    """INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
    SELECT copied.id, tags.asset_key, tags.key, tags.value, :now FROM asset_event_tags AS tags
    JOIN event_logs AS seen ON seen.id = tags.event_id AND seen.partition = :old_job
    JOIN event_logs AS copied ON copied.asset_key = seen.asset_key AND copied.partition = :job
        AND copied.dagster_event_type = seen.dagster_event_type""",
    """INSERT INTO asset_check_executions (asset_key, check_name, partition, run_id, execution_status, evaluation_event,
        evaluation_event_timestamp, evaluation_event_storage_id)
    SELECT checks.asset_key, check_name, :job, :run, execution_status, replace(evaluation_event, :old_run, :run), :now,
        copied.id FROM asset_check_executions AS checks
    JOIN event_logs AS copied ON copied.asset_key = checks.asset_key AND copied.run_id = :run
        AND copied.dagster_event_type = 'ASSET_CHECK_EVALUATION'
    WHERE checks.run_id = :old_run""",
)
"""The statements that make another job of the one that was run."""


@dataclass
class Growth:
    """What was seen, day by day."""

    megabytes: list[float] = field(default_factory=list)
    purge_s: float = 0.0
    runs_purged: int = 0
    jobs_forgotten: int = 0


def main() -> None:
    """Measure, print and write."""
    bare, purged = watch_growth(is_purging=False), watch_growth(is_purging=True)
    table = Table("day", "MB without purge", "MB with purge")
    for day in range(0, DAYS, 2):
        table.add_row(str(day + 1), f"{bare.megabytes[day]:.1f}", f"{purged.megabytes[day]:.1f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    days = {"without_purge_mb": bare.megabytes, "with_purge_mb": purged.megabytes}
    RESULTS.write_text(json.dumps(_summarise(bare, purged) | days, indent=2) + "\n")


def measure_growth() -> dict[str, float]:
    """Size at the end, and how much of it came in the last third of the days, when all that is kept was there."""
    return _summarise(watch_growth(is_purging=False), watch_growth(is_purging=True))


def _summarise(bare: Growth, purged: Growth) -> dict[str, float]:
    return {
        "dagster_records_kb_per_job": 1000 * (bare.megabytes[-1] - bare.megabytes[0]) / ((DAYS - 1) * JOBS_A_DAY),
        "dagster_records_mb_without_purge": bare.megabytes[-1],
        "dagster_records_mb_with_purge": purged.megabytes[-1],
        "dagster_records_last_third_without_purge": bare.megabytes[-1] / bare.megabytes[-DAYS // 3],
        "dagster_records_last_third_with_purge": purged.megabytes[-1] / purged.megabytes[-DAYS // 3],
        "dagster_records_purge_ms_per_run": 1000 * purged.purge_s / purged.runs_purged,
    }


def watch_growth(*, is_purging: bool) -> Growth:
    """Let days go by on a database of their own."""
    growth = Growth()
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        settings = Settings(data_dir=Path(folder) / "data", cache_dir=Path(folder) / "cache")
        with Container(settings) as container, open_instance(container) as instance:
            old_job, old_run = _run_once(instance)
            days: list[Sequence[uuid.UUID]] = []
            for day in range(DAYS):
                now = BEGIN + timedelta(days=day)
                days.append([_copy_job(instance, old_job, old_run, now) for _ in range(JOBS_A_DAY)])
                if is_purging:
                    _purge(instance, days[-1 - KEEP_JOBS_DAYS] if day >= KEEP_JOBS_DAYS else (), now, growth)
                growth.megabytes.append(_measure_megabytes(instance))
    return growth


def _run_once(instance: dg.DagsterInstance) -> tuple[uuid.UUID, str]:
    """Run a job of trivial stages, each with the check that the line's have."""
    assets = [_build_stage(name, after) for after, name in zip((None, *STAGES), STAGES, strict=False)]
    definitions = dg.Definitions(assets=assets, jobs=[dg.define_asset_job("dub")], executor=dg.in_process_executor)
    job_id = uuid.uuid4()
    report_job(instance, job_id, Upload(size_bytes=1, sha256="0" * 64), "sources/talk.wav")
    job = definitions.resolve_job_def("dub")
    run = job.execute_in_process(instance=instance, partition_key=str(job_id), run_config=QUIET)
    with cast("SqlRunStorage", instance.run_storage).connect() as connection:
        # What is copied from ends after everything else, and is never purged.
        connection.execute(text("UPDATE runs SET update_timestamp = :at"), {"at": datetime(9999, 1, 1, tzinfo=UTC)})
    return job_id, run.run_id


def _build_stage(name: str, after: str | None) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        partitions_def=dub_jobs,
        deps=[after] if after else [],
        check_specs=[build_language_check(name)],
    )
    def stage() -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster refuses a parametrised one beside checks
        outcomes = {"es": "done", "fr": "done", "de": "done", "pt-BR": "done", "ko": "done"}
        check = dg.AssetCheckResult(passed=True, metadata={"languages": outcomes})
        return dg.MaterializeResult(metadata={"languages": outcomes}, check_results=[check])

    return stage


def _copy_job(instance: dg.DagsterInstance, old_job: uuid.UUID, old_run: str, now: datetime) -> uuid.UUID:
    job_id = uuid.uuid4()
    names = {"old_job": str(old_job), "job": str(job_id), "old_run": old_run, "run": str(uuid.uuid4())}
    with cast("SqlRunStorage", instance.run_storage).connect() as connection:
        for statement in COPIES:
            connection.execute(text(statement), names | {"now": now.replace(tzinfo=None)})
    return job_id


def _purge(instance: dg.DagsterInstance, forgotten: Sequence[uuid.UUID], now: datetime, growth: Growth) -> None:
    begin = time.perf_counter()
    purged = purge_records(instance, forgotten=forgotten, keep_runs=KEEP_RUNS, now=now)
    if purged.runs:  # days on which runs and jobs go
        growth.purge_s += time.perf_counter() - begin
        growth.runs_purged += purged.runs
        growth.jobs_forgotten += purged.partitions


def _measure_megabytes(instance: dg.DagsterInstance) -> float:
    sizes = "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables"
    with cast("SqlRunStorage", instance.run_storage).connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
        return float(connection.execute(text(sizes)).scalar_one()) / 1e6


if __name__ == "__main__":
    main()
