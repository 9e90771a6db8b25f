"""Dagster's own queue over the sensors' runs: its daemon decides, and a launcher writes down what and launches nothing.

It cannot prove what becomes of a launched run; a test ends it by hand.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import dagster as dg
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.tags import PARTITION_NAME_TAG, RUN_KEY_TAG, SENSOR_NAME_TAG
from dagster._core.test_utils import MockedRunLauncher, create_run_for_test
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster_shared.serdes import deserialize_value, serialize_value
from sqlalchemy import ColumnElement, select, true

from sensors.new_jobs import new_jobs
from tests.integration.sensors.conftest import Ears
from tests.support.runs import ORIGIN


@dataclass
class Queue:
    """The queue of an instance, and the launcher behind it."""

    ears: Ears
    launcher: MockedRunLauncher = field(default_factory=MockedRunLauncher)

    @property
    def launched(self) -> list[UUID]:
        """Jobs whose runs were launched, in that order."""
        return [_name_job(run) for run in self.launcher.queue()]

    def hand_over(self) -> list[UUID]:
        """Evaluate the sensor until it has written down what it asked for, and submit its runs; return their jobs."""
        asked: list[UUID] = []
        while requests := self.ears.evaluate(new_jobs).run_requests:
            for request in requests:
                run = self.submit(request)
                asked.append(_name_job(run))
        return asked

    def submit(self, request: dg.RunRequest) -> dg.DagsterRun:
        """Make the run of a request as the sensor daemon does, with its tags."""
        tags = {
            **request.tags,
            PARTITION_NAME_TAG: request.partition_key,
            RUN_KEY_TAG: request.run_key,
            SENSOR_NAME_TAG: new_jobs.name,
        }
        status = dg.DagsterRunStatus.QUEUED
        return create_run_for_test(self.ears.instance, "dub", tags=tags, status=status, remote_job_origin=ORIGIN)

    def dequeue(self) -> set[UUID]:
        """Let the daemon look once; return the jobs whose runs it launched, which it does side by side."""
        before = len(self.launched)
        workspace: Any = SimpleNamespace(instance=self.ears.instance, create_request_context=lambda: None)
        with QueuedRunCoordinatorDaemon(interval_seconds=1) as daemon:
            for _ in daemon.run_iteration(workspace):
                pass
        return set(self.launched[before:])

    def end(self, job_id: UUID) -> None:
        """End a launched run and its job's attempt, as `run_outcomes` does when it sees that."""
        self._fail(RunsTable.c.partition == str(job_id))
        self.ears.change(lambda tx: tx.launches.mark_ended(job_id, self.ears.get(job_id).attempt))

    def clear(self) -> None:
        """Leave nothing to the next test."""
        self._fail(true())

    def _fail(self, which: ColumnElement[bool]) -> None:
        with self.ears.instance.run_storage.connect() as connection:
            failed = dg.DagsterRunStatus.FAILURE
            for row in connection.execute(select(RunsTable.c.id, RunsTable.c.run_body).where(which)).all():
                run = deserialize_value(row.run_body, dg.DagsterRun)
                body = serialize_value(run.with_status(failed))
                ended = RunsTable.update().where(RunsTable.c.id == row.id)
                connection.execute(ended.values(status=failed.value, run_body=body))


def _name_job(run: dg.DagsterRun) -> UUID:
    return UUID(cast("str", run.tags[PARTITION_NAME_TAG]))
