"""The runs' outcomes, back to the jobs; and the jobs that were cancelled, on to their runs."""

import uuid
from collections.abc import Sequence

import dagster as dg

from dub_assets.definitions import dub
from dubbing.errors import DatabaseUnavailableError, DubbingError
from dubbing.jobs import JobState
from resources.container import Container
from resources.database.connection import Database
from resources.database.tables import DubbingJob
from sensors.outcomes import WAIT, Outcome, Step, plan_outcome

PAGE = 200
"""Jobs that are compared with their runs in one go."""

PAGES = 10
"""Pages that one evaluation looks at; the next begins where it ended."""


@dg.sensor(
    job=dub,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends jobs whose runs broke off or were cancelled, and stops runs whose jobs were cancelled.",
)
def run_outcomes(context: dg.SensorEvaluationContext, container: dg.ResourceParam[Container]) -> dg.SensorResult:
    """Compare every job in flight with its run; the cursor is where the next look begins."""
    # It does not wait for cancels as its sibling waits for jobs: a stage at work notices them by itself, sooner.
    cursor = context.cursor or ""
    settled = 0
    try:
        for _ in range(PAGES):
            jobs = _list_page(container.database, cursor)
            settled += _settle_page(context, container.database, jobs)
            cursor = str(jobs[-1].id) if len(jobs) == PAGE else ""
            if not cursor:
                break
    except DatabaseUnavailableError as error:
        return dg.SensorResult(skip_reason=error.message, cursor=cursor)
    return dg.SensorResult(skip_reason=f"Runs whose fate was passed on: {settled}.", cursor=cursor)


def _list_page(database: Database, cursor: str) -> Sequence[DubbingJob]:
    with database.transaction() as tx:
        return tx.launches.list_in_flight(PAGE, after=uuid.UUID(cursor) if cursor else None)


def _settle_page(context: dg.SensorEvaluationContext, database: Database, jobs: Sequence[DubbingJob]) -> int:
    """Do what is to be done for each job, and say for how many that was something."""
    run_ids = [job.run_id for job in jobs if job.run_id is not None]
    found = context.instance.get_runs(dg.RunsFilter(run_ids=run_ids)) if run_ids else []
    runs = {run.run_id: run for run in found}
    settled = 0
    for job in jobs:
        run = runs.get(job.run_id or "")
        if _plan(job, run) == WAIT:
            continue
        outcome = _settle(database, job, run)
        settled += outcome != WAIT
        if outcome.step is Step.STOP_RUN and run is not None:
            _stop(context, run)
    return settled


def _settle(database: Database, job: DubbingJob, run: dg.DagsterRun | None) -> Outcome:
    """Decide again on the job as it is now, which nobody changes meanwhile, and write the decision down."""
    with database.transaction() as tx:
        current = tx.launches.find_in_flight(job.id, job.run_id)
        if current is None:
            return WAIT
        outcome = _plan(current, run)
        match outcome:
            case Outcome(Step.FOLLOW, next_run_id=str(next_run_id)):
                tx.launches.mark_relaunched(job.id, next_run_id)
            case Outcome(Step.FAIL_JOB, error=DubbingError() as error):
                tx.jobs.fail_job(job.id, "run", error)
            case Outcome(Step.CANCEL_JOB):
                tx.jobs.cancel(job.id)
        if outcome.step in {Step.FAIL_JOB, Step.CANCEL_JOB, Step.END}:
            tx.launches.mark_ended(job.id, current.launched_attempt)
        return outcome


def _plan(job: DubbingJob, run: dg.DagsterRun | None) -> Outcome:
    return plan_outcome(JobState(job.state), run, is_superseded=job.attempt > job.launched_attempt)


def _stop(context: dg.SensorEvaluationContext, run: dg.DagsterRun) -> None:
    """End a run; what cannot be reached is asked again next time, until Dagster's monitor gives it up."""
    coordinator = context.instance.run_coordinator
    try:
        stopped = coordinator is not None and coordinator.cancel_run(run.run_id)
    except dg.DagsterError:
        stopped = False
    context.log.info("run %s %s", run.run_id, "is told to stop" if stopped else "could not be told to stop")
