"""What a run's fate means for its job."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from dagster import DagsterRun, DagsterRunStatus
from dagster._core.events import RunFailureReason
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    MAX_RETRIES_TAG,
    RETRY_NUMBER_TAG,
    RUN_FAILURE_REASON_TAG,
    WILL_RETRY_TAG,
)

from dubbing.errors import DubbingError, RunCrashedError
from dubbing.jobs import FINAL_JOB_STATES, JobState

SILENCE = timedelta(seconds=60)
"""Without a sign of life for so long, a run has nobody who works on it: a stage shows one every few seconds, and the
longest wait of one that is tried again is half of this. Dagster does not see it by itself, for its launcher starts
processes and does not look after them."""

LAUNCHED = frozenset(
    {DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING}
)
"""Runs that are a process's to end; one that is not started is the daemon's, which made it to go on after a crash."""


ASKED_AGAIN_TAG = "dub/asked_again"
"""How often Dagster was asked once more to begin a crashed run again."""

MOST_ASKED = 20
"""Dagster gives a crashed run up for good when it cannot reach the code server at the moment it looks, so it is asked
again: about every ten seconds, for as long as its queue waits for a code server."""


class Step(Enum):
    """What to do next with a job in flight."""

    WAIT = auto()
    STOP_RUN = auto()
    FAIL_RUN = auto()
    CANCEL_RUN = auto()
    ASK_AGAIN = auto()
    FOLLOW = auto()
    CANCEL_JOB = auto()
    FAIL_JOB = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision.

    Attributes:
        error: what to fail the job with.
        next_run_id: the run that goes on with the attempt.
    """

    step: Step
    error: DubbingError | None = None
    next_run_id: str | None = None


WAIT = Outcome(Step.WAIT)
END = Outcome(Step.END)
ASK_AGAIN = Outcome(Step.ASK_AGAIN)

ONLY_IF_NOBODY_WORKS = frozenset({Step.FAIL_RUN, Step.CANCEL_RUN, Step.ASK_AGAIN, Step.FAIL_JOB})
"""Steps that would be wrong while a process holds the job, whatever else speaks for them."""


def is_silent(now: datetime, *, signs: Collection[datetime | None], watched_for: timedelta) -> bool:
    """Tell whether a run has shown no sign of life for long, though it could have.

    Args:
        now: on the clock of the signs.
        signs: when its job was last worked on, when a step of its own last changed it, and since when there is a
            Postgres to show anything in.
        watched_for: how long somebody has been looking without a break: what was not seen was not missed.
    """
    quiet = now - max(sign for sign in signs if sign is not None)
    return min(quiet, watched_for) > SILENCE


def plan_outcome(
    state: JobState,
    run: DagsterRun | None,
    *,
    is_superseded: bool = False,
    is_called_off: bool = False,
    is_silent: bool = False,
    is_held: bool = False,
) -> Outcome:
    """Decide what to do with a job in flight.

    Args:
        state: of the job.
        run: as Dagster has it; None if it was deleted.
        is_superseded: the job waits for another attempt, which begins when this run is over; its state is no longer
            this run's to decide.
        is_called_off: what was left of the job was cancelled; a job of which something had ended before ends in
            another state than cancelled.
        is_silent: the run has shown no sign of life for long.
        is_held: a process works on the job: this run's, or another one's that was quicker.
    """
    needs_no_run = is_superseded or state in FINAL_JOB_STATES
    if run is not None and run.status in LAUNCHED and is_silent and not is_held:
        # As cancelled where nothing is left to do: after a failure Dagster would begin again.
        is_over = needs_no_run or run.status == DagsterRunStatus.CANCELING
        return Outcome(Step.CANCEL_RUN if is_over else Step.FAIL_RUN)
    outcome = _plan_by_status(run, needs_no_run=needs_no_run, is_called_off=is_called_off)
    return WAIT if is_held and outcome.step in ONLY_IF_NOBODY_WORKS else outcome


def _plan_by_status(run: DagsterRun | None, *, needs_no_run: bool, is_called_off: bool) -> Outcome:
    if run is None:
        deleted = RunCrashedError("The run of this job was deleted before it ended; submit the job again.")
        return END if needs_no_run else _fail(deleted)
    if run.status not in FINISHED_STATUSES:
        # A run that is just starting cannot be stopped safely; a moment later it can, and a stage stops by itself.
        is_waiting = run.status == DagsterRunStatus.QUEUED and needs_no_run
        is_unwanted = run.status == DagsterRunStatus.STARTED and is_called_off
        return Outcome(Step.STOP_RUN) if is_waiting or is_unwanted else WAIT
    if run.is_complete_and_waiting_to_retry:
        return WAIT
    if run.status == DagsterRunStatus.FAILURE and (next_run_id := run.tags.get(AUTO_RETRY_RUN_ID_TAG)) is not None:
        return Outcome(Step.FOLLOW, next_run_id=next_run_id)
    return END if needs_no_run else _plan_unfinished_job(run)


def _plan_unfinished_job(run: DagsterRun) -> Outcome:
    if run.status == DagsterRunStatus.CANCELED:
        return Outcome(Step.CANCEL_JOB)
    if run.status == DagsterRunStatus.FAILURE:
        if _may_begin_again(run):
            # It says a moment after the end whether it begins again.
            return ASK_AGAIN if WILL_RETRY_TAG in run.tags else WAIT
        return _fail(
            RunCrashedError("The process that made this job ended before its work was done; submit the job again.")
        )
    return _fail(DubbingError("The run of this job ended and left it unfinished; the run in Dagster has the place."))


def _may_begin_again(crashed: DagsterRun) -> bool:
    """Tell whether Dagster owes a crashed run another start and can still be asked for it."""
    has_failed_by_itself = crashed.tags.get(RUN_FAILURE_REASON_TAG) == RunFailureReason.STEP_FAILURE.value
    is_owed = _count(crashed, RETRY_NUMBER_TAG) < _count(crashed, MAX_RETRIES_TAG)
    return is_owed and not has_failed_by_itself and count_asked(crashed) < MOST_ASKED


def count_asked(crashed: DagsterRun) -> int:
    """Return how often Dagster was asked once more to begin a crashed run again."""
    return _count(crashed, ASKED_AGAIN_TAG)


def _count(run: DagsterRun, tag: str) -> int:
    value = run.tags.get(tag, "0")
    return int(value) if value.isdecimal() else 0


def _fail(error: DubbingError) -> Outcome:
    return Outcome(Step.FAIL_JOB, error=error)
