import pytest

from dubbing.routing import (
    HANDICAP_S,
    MEDIUM_MS,
    PLACE_S,
    SHORT_MS,
    JobClass,
    RunLimits,
    plan_class,
    plan_limits,
    plan_priority,
)


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [
        (0, JobClass.SHORT),
        (SHORT_MS, JobClass.SHORT),
        (SHORT_MS + 1, JobClass.MEDIUM),
        (MEDIUM_MS, JobClass.MEDIUM),
        (MEDIUM_MS + 1, JobClass.LONG),
    ],
)
def test_the_class_follows_the_length_of_the_recording(duration_ms: int, expected: JobClass) -> None:
    assert plan_class(duration_ms) is expected


def test_a_recording_that_does_not_say_its_length_slips_past_no_limit() -> None:
    assert plan_class(None) is JobClass.LONG


def test_limits_that_fit_each_other_stay_as_they_are() -> None:
    assert plan_limits(8, 3, 4) == RunLimits(8, 3, 4)


def test_long_jobs_never_fill_every_place() -> None:
    assert plan_limits(4, 2, 4).long_runs == 3


def test_a_single_place_serves_long_jobs_too() -> None:
    assert plan_limits(1, 3, 2) == RunLimits(1, 1, 1)


def test_a_users_first_job_goes_before_the_second_of_one_who_came_a_bit_earlier() -> None:
    assert plan_priority(1000 + PLACE_S - 1, 0, JobClass.SHORT) > plan_priority(1000, 1, JobClass.SHORT)


def test_a_users_second_job_goes_before_the_first_of_one_who_came_much_later() -> None:
    assert plan_priority(1000, 1, JobClass.SHORT) > plan_priority(1000 + PLACE_S + 1, 0, JobClass.SHORT)


def test_a_short_job_goes_before_a_long_one_that_came_a_bit_earlier() -> None:
    short_at = 1000 + HANDICAP_S[JobClass.LONG] - 1
    assert plan_priority(short_at, 0, JobClass.SHORT) > plan_priority(1000, 0, JobClass.LONG)


def test_a_run_started_by_hand_goes_before_all_others() -> None:
    assert plan_priority(1_800_000_000, 0, JobClass.SHORT) < 0
