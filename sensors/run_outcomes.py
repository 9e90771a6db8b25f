"""The runs' outcomes, back to the jobs; and the jobs that were cancelled, on to their runs."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from dub_assets.definitions import dub
from dubbing.errors import DatabaseUnavailableError, DubbingError, JobBusyError
from dubbing.jobs import JobState
from dubbing.launching import ended_by_cancel
from resources.container import Container
from resources.database.connection import Database
from resources.database.launches import JobInFlight
from resources.database.signs_of_life import Sign, show_sign
from resources.telemetry.logs import saying
from resources.workspaces import sweep_workspaces
from sensors.outcomes import (
    ASKED_AGAIN_TAG,
    ONLY_IF_NOBODY_WORKS,
    WAIT,
    Outcome,
    Step,
    count_asked,
    is_silent,
    plan_outcome,
)
from sensors.watch import Watch

PAGE = 200
"""Jobs that are compared with their runs in one go."""

PAGES = 10
"""Pages that one evaluation looks at; the next begins where it ended."""

GONE = "The process of this run is gone: nothing was heard of it for a while, and nobody holds its job."

NOT_BEGUN = "Dagster could not begin this run again, and is asked once more."

BEGINNING = str(uuid.UUID(int=0))
"""Cursor before all jobs. Not an empty one: Dagster keeps the cursor of before in place of that."""

_WATCH = Watch()


@dg.sensor(
    job=dub,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Ends jobs whose runs broke off or were cancelled, stops runs whose jobs were cancelled, and gives up runs "
        "that nobody works on."
    ),
)
@saying(sensor="run_outcomes")
def run_outcomes(context: dg.SensorEvaluationContext, container: dg.ResourceParam[Container]) -> dg.SensorResult:
    """Compare every job in flight with its run; the cursor is where the next look begins."""
    # It does not wait for cancels as its sibling waits for jobs: a stage at work notices them by itself, sooner.
    cursor = context.cursor or BEGINNING
    settled = 0
    sweep_workspaces()
    try:
        watched_for = _look_in(container.database)
        for _ in range(PAGES):
            jobs = _list_page(container.database, cursor)
            settled += _settle_page(context, container.database, jobs, watched_for)
            cursor = str(jobs[-1].job.id) if len(jobs) == PAGE else BEGINNING
            if cursor == BEGINNING:
                break
    except DatabaseUnavailableError as error:
        _WATCH.break_off()
        return dg.SensorResult(skip_reason=error.message, cursor=cursor)
    return dg.SensorResult(skip_reason=f"Runs whose fate was passed on: {settled}.", cursor=cursor)


def _look_in(database: Database) -> timedelta:
    """Show that somebody looks after the runs, and say for how long nothing has kept us from it."""
    with database.transaction() as tx:
        show_sign(tx.session, Sign.DAEMON)
    return _WATCH.look()


def _list_page(database: Database, cursor: str) -> Sequence[JobInFlight]:
    with database.transaction() as tx:
        return tx.launches.list_in_flight(PAGE, after=uuid.UUID(cursor))


def _settle_page(
    context: dg.SensorEvaluationContext, database: Database, jobs: Sequence[JobInFlight], watched_for: timedelta
) -> int:
    """Do what is to be done for each job, and say for how many that was something."""
    run_ids = [seen.job.run_id for seen in jobs if seen.job.run_id is not None]
    found = context.instance.get_run_records(dg.RunsFilter(run_ids=run_ids)) if run_ids else []
    records = {record.dagster_run.run_id: record for record in found}
    return sum(_settle(context, database, seen, records.get(seen.job.run_id or ""), watched_for) for seen in jobs)


def _settle(
    context: dg.SensorEvaluationContext,
    database: Database,
    seen: JobInFlight,
    record: dg.RunRecord | None,
    watched_for: timedelta,
) -> bool:
    """Do what is to be done for a job, and say whether that was something."""
    first = _plan(seen, record, watched_for)
    if first == WAIT:
        return False
    with _learning_whether_held(database, seen, first) as is_held:
        outcome = _record(database, seen, record, watched_for, is_held=is_held)
        if record is not None:
            _act(context, record.dagster_run, outcome.step)
    return outcome != WAIT


@contextmanager
def _learning_whether_held(database: Database, seen: JobInFlight, first: Outcome) -> Iterator[bool]:
    """Where it matters, hold the job so that nobody begins to work on it meanwhile; else take it for held."""
    with ExitStack() as stack:
        is_held = True
        if first.step in ONLY_IF_NOBODY_WORKS:
            with suppress(JobBusyError):
                stack.enter_context(database.lock_job(str(seen.job.id)))
                is_held = False
        yield is_held


def _record(
    database: Database, seen: JobInFlight, record: dg.RunRecord | None, watched_for: timedelta, *, is_held: bool
) -> Outcome:
    """Decide again on the job as it is now, which nobody changes meanwhile, and write the decision down."""
    with database.transaction() as tx:
        current = tx.launches.find_in_flight(seen.job.id, seen.job.run_id)
        if current is None:
            return WAIT
        outcome = _plan(current, record, watched_for, is_held=is_held)
        match outcome:
            case Outcome(Step.FOLLOW, next_run_id=str(next_run_id)):
                tx.launches.mark_relaunched(seen.job.id, next_run_id)
            case Outcome(Step.FAIL_JOB, error=DubbingError() as error):
                tx.jobs.fail_job(seen.job.id, "run", error)
            case Outcome(Step.CANCEL_JOB):
                tx.jobs.cancel(seen.job.id)
        if outcome.step in {Step.FAIL_JOB, Step.CANCEL_JOB, Step.END}:
            tx.launches.mark_ended(seen.job.id, current.job.launched_attempt)
            tx.purchases.close_abandoned(seen.job.id)
        return outcome


def _plan(seen: JobInFlight, record: dg.RunRecord | None, watched_for: timedelta, *, is_held: bool = False) -> Outcome:
    return plan_outcome(
        JobState(seen.job.state),
        record.dagster_run if record is not None else None,
        is_superseded=seen.job.attempt > seen.job.launched_attempt,
        is_called_off=ended_by_cancel(seen.languages),
        is_silent=record is not None
        and is_silent(
            seen.seen_at,
            signs=[record.update_timestamp, seen.heartbeat_at, seen.served_since],
            watched_for=watched_for,
        ),
        is_held=is_held,
    )


def _act(context: dg.SensorEvaluationContext, run: dg.DagsterRun, step: Step) -> None:
    """Do with the run what was decided; what becomes of it is seen next time."""
    if step is Step.STOP_RUN:
        _stop(context, run)
    elif step in {Step.FAIL_RUN, Step.CANCEL_RUN}:
        _give_up(context, run, step)
    elif step is Step.ASK_AGAIN:
        _ask_again(context.instance, run)


def _give_up(context: dg.SensorEvaluationContext, run: dg.DagsterRun, step: Step) -> None:
    """End a run in the name of a process that is gone: it frees its place, and Dagster begins again after a failure."""
    current = context.instance.get_run_by_id(run.run_id)
    if current is None or current.status != run.status:
        return  # it came to life, or to its end, since it was looked at
    if step is Step.CANCEL_RUN:
        context.instance.report_run_canceled(current, GONE)
    else:
        context.instance.report_run_failed(current, GONE)
    with saying(run_id=run.run_id, job=run.tags.get(PARTITION_NAME_TAG)):
        context.log.info("run %s is given up", run.run_id)


def _ask_again(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Report once more that a run crashed: Dagster then decides anew whether to begin again."""
    crashed = instance.get_run_by_id(run.run_id)
    if crashed is None or crashed.is_complete_and_waiting_to_retry:
        return
    instance.add_run_tags(crashed.run_id, {ASKED_AGAIN_TAG: str(count_asked(crashed) + 1)})
    instance.report_run_failed(crashed, NOT_BEGUN)


def _stop(context: dg.SensorEvaluationContext, run: dg.DagsterRun) -> None:
    """End a run; what cannot be reached is asked again next time, until Dagster's monitor gives it up."""
    coordinator = context.instance.run_coordinator
    try:
        stopped = coordinator is not None and coordinator.cancel_run(run.run_id)
    except dg.DagsterError:
        stopped = False
    with saying(run_id=run.run_id, job=run.tags.get(PARTITION_NAME_TAG)):
        context.log.info("run %s %s", run.run_id, "is told to stop" if stopped else "could not be told to stop")
