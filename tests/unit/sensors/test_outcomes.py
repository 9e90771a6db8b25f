from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterRun, DagsterRunStatus

from dubbing.jobs import FINAL_JOB_STATES, JobState
from sensors.outcomes import (
    ASK_AGAIN,
    ASKED_AGAIN_TAG,
    END,
    LAUNCHED,
    SILENCE,
    WAIT,
    Outcome,
    Step,
    is_silent,
    plan_outcome,
)
from tests.support.runs import build_run

OPEN = [JobState.QUEUED, JobState.RUNNING]
FINAL = sorted(FINAL_JOB_STATES)
FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = NOW - SILENCE - timedelta(seconds=1)
A_MOMENT_AGO = NOW - timedelta(seconds=5)
WATCHED = timedelta(hours=1)
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


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED, JobState.COMPLETED_WITH_ISSUES])
def test_a_run_at_work_on_a_job_that_was_called_off_is_stopped_whatever_had_ended_before(state: JobState) -> None:
    outcome = plan_outcome(state, build_run(DagsterRunStatus.STARTED), is_called_off=True)
    assert outcome == Outcome(Step.STOP_RUN)


@pytest.mark.parametrize("state", sorted(FINAL_JOB_STATES - {JobState.CANCELLED}))
def test_a_run_that_is_about_to_end_after_its_job_is_not_stopped(state: JobState) -> None:
    assert plan_outcome(state, build_run(DagsterRunStatus.STARTED)) == WAIT


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING])
def test_a_run_that_is_starting_or_stopping_is_not_told_to_stop(status: DagsterRunStatus) -> None:
    assert plan_outcome(JobState.CANCELLED, build_run(status), is_called_off=True) == WAIT


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


@pytest.mark.parametrize("asked", ["0", "19"])
def test_dagster_is_asked_again_for_the_start_that_it_owes_a_crashed_run(asked: str) -> None:
    """It says that it begins none though the run had one left: the code server was away when it looked."""
    dropped = build_run(DagsterRunStatus.FAILURE, will_retry="false", max_retries="1")
    assert plan_outcome(JobState.RUNNING, dropped.with_tags({**dropped.tags, ASKED_AGAIN_TAG: asked})) == ASK_AGAIN


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/retry_number": "1"},
        {"dagster/failure_reason": "STEP_FAILURE"},
        {"dagster/max_retries": "0"},
        {"dagster/max_retries": "many"},
        {ASKED_AGAIN_TAG: "20"},
    ],
    ids=["begun again before", "failed by itself", "permanent", "unreadable", "asked often enough"],
)
def test_dagster_is_not_asked_again_where_it_owes_no_start(tags: dict[str, str]) -> None:
    ended = build_run(DagsterRunStatus.FAILURE, will_retry="false", max_retries="1")
    assert plan_outcome(JobState.RUNNING, ended.with_tags({**ended.tags, **tags})).step is Step.FAIL_JOB


def test_a_crashed_run_that_does_not_say_yet_whether_it_begins_again_is_waited_for() -> None:
    assert plan_outcome(JobState.RUNNING, build_run(DagsterRunStatus.FAILURE, max_retries="1")) == WAIT


def test_nothing_is_begun_again_for_a_job_that_is_over() -> None:
    dropped = build_run(DagsterRunStatus.FAILURE, will_retry="false", max_retries="1")
    assert plan_outcome(JobState.CANCELLED, dropped) == END


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


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
@pytest.mark.parametrize("state", OPEN)
def test_a_silent_run_of_a_job_that_nobody_holds_has_crashed(state: JobState, status: DagsterRunStatus) -> None:
    assert plan_outcome(state, build_run(status), is_silent=True) == Outcome(Step.FAIL_RUN)


@pytest.mark.parametrize("state", list(JobState))
def test_a_silent_run_that_was_to_stop_has_stopped(state: JobState) -> None:
    silent = build_run(DagsterRunStatus.CANCELING)
    assert plan_outcome(state, silent, is_silent=True) == Outcome(Step.CANCEL_RUN)


@pytest.mark.parametrize("state", FINAL)
def test_a_silent_run_of_a_job_that_is_over_is_not_begun_again(state: JobState) -> None:
    silent = build_run(DagsterRunStatus.STARTED)
    assert plan_outcome(state, silent, is_silent=True, is_called_off=True) == Outcome(Step.CANCEL_RUN)
    assert plan_outcome(JobState.QUEUED, silent, is_silent=True, is_superseded=True) == Outcome(Step.CANCEL_RUN)


@pytest.mark.parametrize("status", sorted(LAUNCHED, key=lambda status: status.value))
def test_a_run_whose_job_is_held_is_left_alone_however_silent_it_is(status: DagsterRunStatus) -> None:
    assert plan_outcome(JobState.RUNNING, build_run(status), is_silent=True, is_held=True) == WAIT


def test_a_silent_run_whose_cancelled_job_is_held_is_told_to_stop() -> None:
    silent = build_run(DagsterRunStatus.STARTED)
    outcome = plan_outcome(JobState.CANCELLED, silent, is_called_off=True, is_silent=True, is_held=True)
    assert outcome == Outcome(Step.STOP_RUN)


def test_a_run_in_the_queue_may_be_silent_for_long() -> None:
    assert plan_outcome(JobState.QUEUED, build_run(DagsterRunStatus.QUEUED), is_silent=True) == WAIT


@pytest.mark.parametrize("run", [None, build_run(DagsterRunStatus.FAILURE), build_run(DagsterRunStatus.SUCCESS)])
def test_the_end_of_a_run_does_not_fail_a_job_that_another_process_works_on(run: DagsterRun | None) -> None:
    assert plan_outcome(JobState.RUNNING, run, is_held=True) == WAIT


def test_silence_is_counted_from_the_last_sign_of_life_of_run_or_job() -> None:
    assert is_silent(NOW, signs=[LONG_AGO, None], watched_for=WATCHED)
    assert is_silent(NOW, signs=[LONG_AGO, LONG_AGO], watched_for=WATCHED)
    assert not is_silent(NOW, signs=[LONG_AGO, A_MOMENT_AGO], watched_for=WATCHED)
    assert not is_silent(NOW, signs=[A_MOMENT_AGO, LONG_AGO], watched_for=WATCHED)


def test_what_could_not_be_seen_is_no_silence() -> None:
    """The database was away, or the sensor was: a live run gets as long to show itself as any."""
    assert not is_silent(NOW, signs=[LONG_AGO], watched_for=timedelta(seconds=5))
