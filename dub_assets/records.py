"""Dagster's own records of jobs: they go after the jobs do, so that its storage stops growing.

Of a job that was erased goes at once what is bound to its partition: the key, and all that was recorded of assets in
it. Its runs, which say when each step began and how it ended, stay for operators for some days more.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import PARTITION_NAME_TAG

from dub_assets.partitions import dub_jobs
from dub_assets.record_rows import delete_backfills, delete_partition_events, delete_run_events

BATCH = 100
"""Jobs or runs that are worked on at a time: what is held in memory, and what one statement removes."""

MOST_RUNS = 2_000
"""Runs that one pass removes, at ten to thirty a second; what is left goes with the next."""

UNFINISHED = tuple(status for status in dg.DagsterRunStatus if status not in FINISHED_STATUSES)
"""Every status that is not known to be the end, so that one which Dagster adds keeps a job from being forgotten."""


@dataclass(frozen=True, slots=True)
class PurgedRecords:
    """What one pass removed.

    Attributes:
        partitions: jobs that Dagster knew and knows no more.
        runs: that ended long enough ago.
        events: rows that told of either.
        left_in_flight: jobs that were to be forgotten and have a run that is not over; they are to be named again.
    """

    partitions: int
    runs: int
    events: int
    left_in_flight: int


@dataclass(frozen=True, slots=True)
class ForgettingPlan:
    """Which of the jobs that were erased can be forgotten now."""

    to_forget: tuple[UUID, ...]
    to_leave: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ForgottenJobs:
    """What became of jobs that were to be forgotten; ``left`` are those with a run that is not over."""

    partitions: int
    events: int
    left: tuple[UUID, ...]


def purge_records(
    instance: dg.DagsterInstance, *, forgotten: Sequence[UUID], keep_runs: timedelta, now: datetime
) -> PurgedRecords:
    """Remove what Dagster need not know any more. Can be repeated at any time, and broken off at any point.

    Args:
        forgotten: jobs whose data has been erased; those that were forgotten before do no harm.
        keep_runs: how long runs stay after they ended.
        now: aware.
    """
    jobs = forget_jobs(instance, forgotten)
    older_than = now - keep_runs
    runs, events = purge_runs(instance, older_than, MOST_RUNS)
    delete_backfills(instance, older_than)
    return PurgedRecords(jobs.partitions, runs, jobs.events + events, len(jobs.left))


def plan_forgetting(job_ids: Sequence[UUID], partitions_in_flight: Collection[str]) -> ForgettingPlan:
    """Choose the jobs that no run is at work on: a run whose partition is gone would do its work and then fail."""
    return ForgettingPlan(
        to_forget=tuple(job_id for job_id in job_ids if str(job_id) not in partitions_in_flight),
        to_leave=tuple(job_id for job_id in job_ids if str(job_id) in partitions_in_flight),
    )


def forget_jobs(instance: dg.DagsterInstance, job_ids: Sequence[UUID]) -> ForgottenJobs:
    """Remove all that Dagster keeps of jobs but their runs; not of jobs with a run that is not over."""
    known = set(instance.get_dynamic_partitions(str(dub_jobs.name))) if job_ids else set()
    partitions = events = 0
    left: list[UUID] = []
    for batch in _split(tuple(dict.fromkeys(job_ids))):
        plan = plan_forgetting(batch, _find_in_flight(instance, batch))
        left += plan.to_leave
        keys = [str(job_id) for job_id in plan.to_forget]
        if not keys:
            continue
        events += delete_partition_events(instance, keys)
        # The key last: while it is there, somebody sees that the job is still to be forgotten.
        for key in known.intersection(keys):
            instance.delete_dynamic_partition(str(dub_jobs.name), key)
            partitions += 1
    return ForgottenJobs(partitions, events, tuple(left))


def purge_runs(instance: dg.DagsterInstance, older_than: datetime, limit: int) -> tuple[int, int]:
    """Remove runs that ended before a time, the oldest first, with all that they left.

    Args:
        older_than: aware.
        limit: most runs that are removed.

    Returns:
        How many runs, and how many events of theirs.
    """
    # Dagster drops the time zone without looking at it, and has its own times in UTC.
    ended = dg.RunsFilter(statuses=FINISHED_STATUSES, updated_before=older_than.astimezone(UTC))
    runs = events = 0
    while runs < limit:
        size = min(BATCH, limit - runs)
        page = instance.get_run_records(ended, limit=size, order_by="update_timestamp", ascending=True)
        run_ids = [record.dagster_run.run_id for record in page]
        events += delete_run_events(instance, run_ids)
        for run_id in run_ids:
            # What the run wrote to its standard output and error: deleting the run leaves that too.
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            instance.delete_run(run_id)
        runs += len(run_ids)
        if len(run_ids) < size:
            break
    return runs, events


def _find_in_flight(instance: dg.DagsterInstance, job_ids: Sequence[UUID]) -> set[str]:
    keys = [str(job_id) for job_id in job_ids]
    runs = instance.get_runs(dg.RunsFilter(tags={PARTITION_NAME_TAG: keys}, statuses=UNFINISHED))
    return {run.tags[PARTITION_NAME_TAG] for run in runs}


def _split(job_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for begin in range(0, len(job_ids), BATCH):
        yield job_ids[begin : begin + BATCH]
