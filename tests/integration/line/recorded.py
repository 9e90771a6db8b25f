"""Dagster's storage with small jobs that are really run, and what is found in it."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.runs.schema import RunsTable
from sqlalchemy import text

from dub_assets.checks import build_check
from dub_assets.partitions import dub_jobs
from dub_assets.records import PurgedRecords, purge_records
from dub_assets.source import describe_source
from resources.database.tables import Upload

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
DAY = timedelta(days=1)


@dg.asset(partitions_def=dub_jobs, check_specs=[build_check("heard", "every_language", "For the test.")])
def heard() -> dg.MaterializeResult:
    check = dg.AssetCheckResult(passed=True, check_name="every_language")
    return dg.MaterializeResult(metadata={"languages": 2}, data_version=dg.DataVersion("1"), check_results=[check])


@dg.asset(partitions_def=dub_jobs, deps=[heard])
def said() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"languages": 2})


dub = dg.define_asset_job("dub", selection=dg.AssetSelection.assets(heard, said))
small_line = dg.Definitions(assets=[heard, said], jobs=[dub], executor=dg.in_process_executor)


@dataclass
class Records:
    """Dagster's storage, and what is in it."""

    instance: dg.DagsterInstance

    def add_job(self) -> uuid.UUID:
        """Make a job known, as the sensor does."""
        job_id = uuid.uuid4()
        self.instance.add_dynamic_partitions(str(dub_jobs.name), [str(job_id)])
        upload = Upload(size_bytes=7, sha256="5" * 64, media=None)
        self.instance.report_runless_asset_event(describe_source(job_id, upload, "sources/talk.wav"))
        return job_id

    def run(self, job_id: uuid.UUID, ended_at: datetime | None = None) -> str:
        """Run a job to its end."""
        result = small_line.resolve_job_def("dub").execute_in_process(
            instance=self.instance, partition_key=str(job_id), run_config=QUIET, tags={"dub/user": "u"}
        )
        self.put_back(result.run_id, ended_at or datetime.now(UTC))
        return result.run_id

    def put_back(self, run_id: str, ended_at: datetime) -> None:
        with self.instance.run_storage.connect() as connection:
            connection.execute(
                RunsTable.update()
                .where(RunsTable.c.run_id == run_id)
                .values(update_timestamp=ended_at.replace(tzinfo=None), end_time=ended_at.timestamp())
            )

    def list_tables(self) -> set[str]:
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        with self.instance.run_storage.connect() as connection:
            return set(connection.execute(text(listed)).scalars())

    def count(self) -> dict[str, int]:
        """Count the rows of every table."""
        with self.instance.run_storage.connect() as connection:
            return {
                table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()  # noqa: S608
                for table in self.list_tables()
            }

    def find(self, word: str) -> set[str]:
        """Name the tables that mention a word, in whichever column."""
        mentioning = 'SELECT count(*) FROM "{}" AS x WHERE x::text LIKE :word'
        with self.instance.run_storage.connect() as connection:
            return {
                table
                for table in self.list_tables()
                if connection.execute(text(mentioning.format(table)), {"word": f"%{word}%"}).scalar_one()
            }

    def purge(self, *forgotten: uuid.UUID, keep: timedelta = 14 * DAY, now: datetime | None = None) -> PurgedRecords:
        return purge_records(self.instance, forgotten=forgotten, keep_runs=keep, now=now or datetime.now(UTC))

    def add_backfill(self, status: str) -> str:
        """Add what an operator began and what came to a status."""
        backfill_id = uuid.uuid4().hex[:8]
        self.instance.add_backfill(
            PartitionBackfill(
                backfill_id=backfill_id,
                status=BulkActionStatus(status),
                from_failure=False,
                tags={"who": "operator"},
                backfill_timestamp=datetime.now(UTC).timestamp(),
                asset_selection=[dg.AssetKey("heard")],
                partition_names=[],
            )
        )
        return backfill_id
