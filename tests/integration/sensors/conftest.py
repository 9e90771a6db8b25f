"""The sensors over real databases: the product's and Dagster's.

What the daemon does with a sensor's answer is done here by a few lines. They cannot prove how the daemon itself
behaves when it dies half-way, nor how soon it looks again; its own states (a run made and not submitted, a run not
written down) are put into its storage by hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from dagster._core.storage.runs.schema import RunsTable
from pydantic import SecretStr
from sqlalchemy import update

from dub_assets.definitions import build_definitions
from dub_assets.instance import open_instance
from resources.container import Container
from resources.database.connection import Database, UnitOfWork
from resources.database.embedded import PostgresAddress
from resources.database.tables import DubbingJob, LanguageTask
from resources.settings import Settings
from sensors.new_jobs import new_jobs
from sensors.run_outcomes import run_outcomes
from tests.support.jobs import add_job
from tests.support.postgres import fresh_database
from tests.support.runs import add_run


@dataclass
class Ears:
    """Both sensors, and what they hear."""

    container: Container
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    cursors: dict[str, str | None] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.container.database

    def submit(self, *languages: str) -> UUID:
        return add_job(self.database, languages or ("es",))

    def evaluate(self, sensor: dg.SensorDefinition) -> dg.SensorResult:
        """Evaluate a sensor as the code server does."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(sensor.name),
            definitions=self.definitions,
            resources={"container": self.container},
            sensor_name=sensor.name,
        )
        # As in the code server; without it partitions asked for in the same evaluation are not seen.
        context._instance_ref = self.instance.get_ref()
        with context:
            result = sensor.evaluate_tick(context)
        if result.cursor:  # Dagster keeps the one before in place of an empty one
            self.cursors[sensor.name] = result.cursor
        return result

    def launch(self) -> list[dg.RunRequest]:
        """Evaluate the first sensor and do what the daemon does with its answer, in its order."""
        result = self.evaluate(new_jobs)
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        for request in result.run_requests or []:
            self.add_run(request)
        return list(result.run_requests or [])

    def add_run(
        self, request: dg.RunRequest, status: dg.DagsterRunStatus = dg.DagsterRunStatus.QUEUED
    ) -> dg.DagsterRun:
        assert request.run_key is not None
        return add_run(self.instance, status, run_key=request.run_key, sensor_name=new_jobs.name)

    def start(self, job_id: UUID, status: dg.DagsterRunStatus, **tags: str) -> str:
        """Give a job a run that has come to a status."""
        run = add_run(self.instance, status, **tags)
        self.change(lambda tx: tx.launches.mark_launched(job_id, self.get(job_id).attempt, run.run_id))
        return run.run_id

    def silence(self, job_id: UUID, run_id: str, seconds: float = 90) -> None:
        """Put the last signs of life of a job and of its run back in time."""
        ago = datetime.now(UTC) - timedelta(seconds=seconds)
        languages = update(LanguageTask).where(LanguageTask.job_id == job_id)
        self.change(lambda tx: tx.session.execute(languages.values(heartbeat_at=ago)))
        with self.instance.run_storage.connect() as connection:
            connection.execute(
                RunsTable.update()
                .where(RunsTable.c.run_id == run_id)
                .values(update_timestamp=ago.replace(tzinfo=None), start_time=ago.timestamp())
            )

    def listen(self) -> str | None:
        """Evaluate the second sensor."""
        return self.evaluate(run_outcomes).skip_message

    def change(self, work: Callable[[UnitOfWork], object]) -> None:
        with self.database.transaction() as tx:
            work(tx)

    def get(self, job_id: UUID) -> DubbingJob:
        with self.database.transaction() as tx:
            return tx.jobs.get(job_id)

    def is_in_flight(self, job_id: UUID) -> bool:
        job = self.get(job_id)
        return job.ended_attempt < job.launched_attempt


@pytest.fixture(scope="module")
def opened(
    postgres: PostgresAddress, product_template: str, dagster_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ears]:
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
            line = build_definitions(container)
            yield Ears(
                container, instance, dg.Definitions.merge(line, dg.Definitions(sensors=[new_jobs, run_outcomes]))
            )


@pytest.fixture
def ears(opened: Ears, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ears]:
    """Sensors that look once and do not wait for anything more; nothing of other tests is left to be heard."""
    monkeypatch.setattr("sensors.listening.LISTEN_S", 0.0)
    yield opened
    opened.cursors.clear()
    with opened.database.transaction() as tx:
        tx.session.execute(DubbingJob.__table__.update().values(attempt=1, launched_attempt=1, ended_attempt=1))
