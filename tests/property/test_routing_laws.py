from hypothesis import given
from hypothesis import strategies as st

from dubbing.routing import HANDICAP_S, PLACE_S, JobClass, plan_limits, plan_priority

MOMENTS = st.integers(0, 10**10)
COUNTS = st.integers(0, 10**4)
CLASSES = st.sampled_from(JobClass)
PLACES = st.integers(1, 1000)


@given(MOMENTS, COUNTS, CLASSES, COUNTS, CLASSES)
def test_nobody_is_overtaken_by_who_comes_later_than_the_places_before_are_worth(
    came_at: int, jobs_before: int, job_class: JobClass, others_before: int, others_class: JobClass
) -> None:
    worth_s = jobs_before * PLACE_S + HANDICAP_S[job_class]
    later = plan_priority(came_at + worth_s + 1, others_before, others_class)
    assert later < plan_priority(came_at, jobs_before, job_class)


@given(MOMENTS, COUNTS, COUNTS, CLASSES)
def test_who_has_fewer_jobs_goes_first_of_two_who_come_at_once(
    came_at: int, few: int, more: int, job_class: JobClass
) -> None:
    if few < more:
        assert plan_priority(came_at, few, job_class) > plan_priority(came_at, more, job_class)


@given(PLACES, PLACES, PLACES)
def test_long_jobs_and_one_user_never_have_more_places_than_there_are_and_always_one(
    runs: int, runs_per_user: int, long_runs: int
) -> None:
    limits = plan_limits(runs, runs_per_user, long_runs)
    assert 1 <= limits.runs_per_user <= runs
    assert 1 <= limits.long_runs <= max(runs - 1, 1)
