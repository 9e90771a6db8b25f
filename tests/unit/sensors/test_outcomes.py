import pytest
from dagster import DagsterRun, DagsterRunStatus

from dubbing.jobs import FINAL_JOB_STATES, JobState
from sensors.outcomes import END, WAIT, Outcome, Step, plan_outcome
from tests.support.runs import build_run

OPEN = [JobState.QUEUED, JobState.RUNNING]
FINAL = sorted(FINAL_JOB_STATES)
FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
UNFINISHED = sorted(set(DagsterRunStatus) - set(FINISHED), key=lambda status: status.value)


@pytest.mark.parametrize("status", UNFINISHED)
@pytest.mark.parametrize("state", OPEN)
def test_a_job_whose_run_is_under_way_is_left_alone(state: JobState, status: DagsterRunStatus) -> None:
    assert plan_outcome(state, build_run(status)) == WAIT


@pytest.mark.parametrize("status", FINISHED)
@pytest.mark.parametrize("state", FINAL)
def test_a_job_that_is_over_needs_nothing_but_the_note_that_its_run_is_too(
    state: JobState, status: DagsterRunStatus
) -> None:
    assert plan_outcome(state, build_run(status)) == END


@pytest.mark.parametrize("state", FINAL)
def test_a_run_in_the_queue_whose_job_is_over_is_taken_out(state: JobState) -> None:
    assert plan_outcome(state, build_run(DagsterRunStatus.QUEUED)) == Outcome(Step.STOP_RUN)


def test_a_run_at_work_on_a_cancelled_job_is_stopped() -> None:
    assert plan_outcome(JobState.CANCELLED, build_run(DagsterRunStatus.STARTED)) == Outcome(Step.STOP_RUN)


@pytest.mark.parametrize("state", sorted(FINAL_JOB_STATES - {JobState.CANCELLED}))
def test_a_run_that_is_about_to_end_after_its_job_is_not_stopped(state: JobState) -> None:
    assert plan_outcome(state, build_run(DagsterRunStatus.STARTED)) == WAIT


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING])
def test_a_run_that_is_starting_or_stopping_is_not_told_to_stop(status: DagsterRunStatus) -> None:
    assert plan_outcome(JobState.CANCELLED, build_run(status)) == WAIT


@pytest.mark.parametrize("state", OPEN)
def test_a_run_that_crashed_fails_its_job_with_a_code_that_may_be_tried_again(state: JobState) -> None:
    outcome = plan_outcome(state, build_run(DagsterRunStatus.FAILURE))
    assert outcome.step is Step.FAIL_JOB
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.retryable) == ("run_crashed", True)


def test_a_crash_that_dagster_will_retry_is_waited_for() -> None:
    assert plan_outcome(JobState.RUNNING, build_run(DagsterRunStatus.FAILURE, will_retry="true")) == WAIT


@pytest.mark.parametrize("state", list(JobState))
def test_the_run_that_goes_on_after_a_crash_becomes_the_jobs_run(state: JobState) -> None:
    crashed = build_run(DagsterRunStatus.FAILURE, will_retry="true", auto_retry_run_id="next")
    assert plan_outcome(state, crashed) == Outcome(Step.FOLLOW, next_run_id="next")


def test_a_crash_that_dagster_gave_up_on_fails_the_job() -> None:
    given_up = build_run(DagsterRunStatus.FAILURE, will_retry="false")
    assert plan_outcome(JobState.RUNNING, given_up).step is Step.FAIL_JOB


@pytest.mark.parametrize("state", OPEN)
def test_a_run_cancelled_by_an_operator_cancels_its_job(state: JobState) -> None:
    assert plan_outcome(state, build_run(DagsterRunStatus.CANCELED)) == Outcome(Step.CANCEL_JOB)


def test_a_run_that_succeeded_and_left_its_job_open_is_our_defect() -> None:
    outcome = plan_outcome(JobState.RUNNING, build_run(DagsterRunStatus.SUCCESS))
    assert outcome.error is not None
    assert (outcome.step, outcome.error.code) == (Step.FAIL_JOB, "internal")


def test_a_run_that_was_deleted_fails_an_open_job_and_ends_one_that_is_over() -> None:
    assert plan_outcome(JobState.RUNNING, None).step is Step.FAIL_JOB
    assert plan_outcome(JobState.COMPLETED, None) == END


@pytest.mark.parametrize("run", [None, *map(build_run, FINISHED)])
def test_the_end_of_an_earlier_attempts_run_does_not_touch_a_job_that_waits_for_another(
    run: DagsterRun | None,
) -> None:
    assert plan_outcome(JobState.QUEUED, run, is_superseded=True) == END
