"""A run for every attempt at a job: exactly one, whatever crashes between asking for it and writing it down.

A user's jobs are handed to Dagster's queue some at a time, so that their order is decided late and a user with hundreds
of them stands before nobody there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import structlog
from dagster._core.storage.tags import MAX_RETRIES_TAG, PRIORITY_TAG, RUN_KEY_TAG, SENSOR_NAME_TAG

from dub_assets.definitions import dub
from dub_assets.instance import build_limits
from dub_assets.partitions import dub_jobs
from dub_assets.run_trace import TRACEPARENT_TAG
from dub_assets.source import describe_source
from dub_assets.turns import ATTEMPT_TAG
from dubbing.errors import DatabaseUnavailableError
from dubbing.jobs import JobState
from dubbing.retry_policy import RUN_TRIES
from dubbing.routing import CLASS_TAG, USER_TAG, plan_class, plan_priority
from resources.container import Container
from resources.database.jobs import SUBMITTED
from resources.database.launches import WaitingJob
from resources.telemetry.logs import saying
from resources.telemetry.tracing import get_traceparent, span, start_tracing
from sensors.launching import Attempt, LaunchPlan, plan_launches
from sensors.listening import look_until

logger = structlog.stdlib.get_logger()

NAME = "new_jobs"

BATCH = 50
"""Most jobs that one evaluation asks runs for: Dagster makes about ten a second and evaluates nothing meanwhile."""

MAX_CRASHES = RUN_TRIES - 1
"""How often Dagster starts a job again whose process died; what was bought before is not bought again."""


@dataclass(frozen=True, slots=True)
class _Look:
    plan: LaunchPlan
    jobs: Sequence[WaitingJob]


@dg.sensor(
    name=NAME,
    job=dub,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Launches a run for every submitted job, about as soon as it is submitted.",
)
@saying(sensor=NAME)
def new_jobs(context: dg.SensorEvaluationContext, container: dg.ResourceParam[Container]) -> dg.SensorResult:
    """Ask for the runs that are missing; when none is, wait a little for the next job."""
    found: list[WaitingJob] = []

    def look() -> bool:
        while True:
            seen = _look(context.instance, container)
            wanted = {attempt.job_id for attempt in seen.plan.to_request}
            found[:] = [waiting for waiting in seen.jobs if waiting.job.id in wanted]
            if found or len(seen.jobs) < BATCH:
                return bool(found)

    try:
        look_until(container.database, SUBMITTED, look)
    except DatabaseUnavailableError as error:
        return dg.SensorResult(skip_reason=error.message)
    if not found:
        return dg.SensorResult(skip_reason="No job waits for a run.")
    start_tracing(container.settings, "sensors")
    for waiting in found:
        logger.info("run.asked_for", job=waiting.job.id, attempt=waiting.job.attempt)
    return dg.SensorResult(
        run_requests=[_request(waiting) for waiting in found],
        # Before the runs: one of an unknown partition would do its work and then fail.
        dynamic_partitions_requests=[dub_jobs.build_add_request([str(waiting.job.id) for waiting in found])],
        asset_events=[
            describe_source(waiting.job.id, waiting.upload, container.store.locate(waiting.upload.storage_key))
            for waiting in found
        ],
    )


def _look(instance: dg.DagsterInstance, container: Container) -> _Look:
    """Compare the jobs that wait with Dagster's runs, and write down what needs no run of ours."""
    with container.database.transaction() as tx:
        waiting = tx.launches.list_waiting(BATCH, most_per_user=build_limits(container.settings).queued_per_user)
    attempts = [Attempt(each.job.id, each.job.attempt, JobState(each.job.state)) for each in waiting]
    plan = plan_launches(attempts, _find_runs(instance, attempts))
    if plan.to_mark or plan.to_close:
        with container.database.transaction() as tx:
            for attempt, run_id in plan.to_mark:
                tx.launches.mark_launched(attempt.job_id, attempt.number, run_id)
            for attempt in plan.to_close:
                tx.launches.mark_needless(attempt.job_id, attempt.number)
    return _Look(plan, waiting)


def _find_runs(instance: dg.DagsterInstance, attempts: Sequence[Attempt]) -> dict[str, str]:
    """Find the runs that this sensor's requests became, by run key; the first where one was retried."""
    if not attempts:
        return {}
    made_here = {RUN_KEY_TAG: [attempt.run_key for attempt in attempts], SENSOR_NAME_TAG: NAME}
    runs = instance.get_runs(dg.RunsFilter(tags=made_here), ascending=True)
    found: dict[str, str] = {}
    for run in runs:
        # One that was made and not yet submitted is asked for again: the daemon died between, and finds it by its key.
        if run.status != dg.DagsterRunStatus.NOT_STARTED:
            found.setdefault(run.tags[RUN_KEY_TAG], run.run_id)
    return found


def _request(waiting: WaitingJob) -> dg.RunRequest:
    job = waiting.job
    job_class = plan_class(waiting.upload.duration_ms)
    told = {"job": str(job.id), "attempt": str(job.attempt)}
    with span("launch", parent=job.traceparent, attributes=told):
        place = get_traceparent()
    return dg.RunRequest(
        run_key=Attempt(job.id, job.attempt, JobState(job.state)).run_key,
        partition_key=str(job.id),
        tags={
            ATTEMPT_TAG: str(job.attempt),
            "dub/languages": str(waiting.languages),
            CLASS_TAG: job_class.value,
            USER_TAG: str(job.user_id),
            # Of now, not of when the job was submitted: a job of old that is retried goes before nobody for that.
            PRIORITY_TAG: str(plan_priority(int(time.time()), waiting.jobs_before, job_class)),
            MAX_RETRIES_TAG: str(MAX_CRASHES),
            **({TRACEPARENT_TAG: place} if place is not None else {}),
        },
    )
