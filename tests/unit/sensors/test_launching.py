import uuid

import pytest

from dubbing.jobs import FINAL_JOB_STATES, JobState
from sensors.launching import Attempt, plan_launches


def build_attempt(state: JobState = JobState.QUEUED, number: int = 1) -> Attempt:
    return Attempt(uuid.uuid4(), number, state)


def test_a_job_without_a_run_gets_one() -> None:
    attempt = build_attempt()
    plan = plan_launches([attempt], {})
    assert (plan.to_mark, plan.to_close, plan.to_request) == ((), (), (attempt,))


def test_a_run_that_was_asked_for_and_not_written_down_is_written_down_and_not_asked_for_again() -> None:
    attempt = build_attempt()
    plan = plan_launches([attempt], {attempt.run_key: "run"})
    assert (plan.to_mark, plan.to_close, plan.to_request) == (((attempt, "run"),), (), ())


@pytest.mark.parametrize("state", sorted(FINAL_JOB_STATES))
def test_a_job_that_was_over_before_it_had_a_run_gets_none(state: JobState) -> None:
    attempt = build_attempt(state)
    plan = plan_launches([attempt], {})
    assert (plan.to_mark, plan.to_close, plan.to_request) == ((), (attempt,), ())


@pytest.mark.parametrize("state", list(JobState))
def test_a_job_with_a_run_is_written_down_however_far_it_has_come(state: JobState) -> None:
    attempt = build_attempt(state)
    assert plan_launches([attempt], {attempt.run_key: "run"}).to_mark == ((attempt, "run"),)


def test_the_run_of_an_earlier_attempt_is_not_taken_for_that_of_a_later_one() -> None:
    first = build_attempt()
    second = Attempt(first.job_id, 2, JobState.QUEUED)
    assert plan_launches([second], {first.run_key: "run"}).to_request == (second,)


def test_the_oldest_job_is_asked_for_first() -> None:
    attempts = [build_attempt() for _ in range(5)]
    assert plan_launches(attempts, {attempts[2].run_key: "run"}).to_request == (*attempts[:2], *attempts[3:])
