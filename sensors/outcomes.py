"""What a run's fate means for its job."""

from dataclasses import dataclass
from enum import Enum, auto

from dagster import DagsterRun, DagsterRunStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG

from dubbing.errors import DubbingError, RunCrashedError
from dubbing.jobs import FINAL_JOB_STATES, JobState


class Step(Enum):
    """What to do next with a job in flight."""

    WAIT = auto()
    STOP_RUN = auto()
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


def plan_outcome(state: JobState, run: DagsterRun | None, *, is_superseded: bool = False) -> Outcome:
    """Decide what to do with a job in flight.

    Args:
        state: of the job.
        run: as Dagster has it; None if it was deleted.
        is_superseded: the job waits for another attempt, which begins when this run is over; its state is no longer
            this run's to decide.
    """
    needs_no_run = is_superseded or state in FINAL_JOB_STATES
    if run is None:
        deleted = RunCrashedError("The run of this job was deleted before it ended; retry the job.")
        return END if needs_no_run else _fail(deleted)
    if run.status not in FINISHED_STATUSES:
        # A run that is just starting cannot be stopped safely; a moment later it can, and a stage stops by itself.
        is_waiting = run.status == DagsterRunStatus.QUEUED and needs_no_run
        is_called_off = run.status == DagsterRunStatus.STARTED and state == JobState.CANCELLED
        return Outcome(Step.STOP_RUN) if is_waiting or is_called_off else WAIT
    if run.is_complete_and_waiting_to_retry:
        return WAIT
    if run.status == DagsterRunStatus.FAILURE and (next_run_id := run.tags.get(AUTO_RETRY_RUN_ID_TAG)) is not None:
        return Outcome(Step.FOLLOW, next_run_id=next_run_id)
    return END if needs_no_run else _plan_unfinished_job(run.status)


def _plan_unfinished_job(status: DagsterRunStatus) -> Outcome:
    if status == DagsterRunStatus.CANCELED:
        return Outcome(Step.CANCEL_JOB)
    if status == DagsterRunStatus.FAILURE:
        return _fail(RunCrashedError("The process that made this job ended before its work was done; retry the job."))
    return _fail(DubbingError("The run of this job ended and left it unfinished; the run in Dagster has the place."))


def _fail(error: DubbingError) -> Outcome:
    return Outcome(Step.FAIL_JOB, error=error)
