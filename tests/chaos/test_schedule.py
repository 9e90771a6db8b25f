"""The schedule keeps what it promises, for all seeds."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.schedule import (
    DATABASE_KILLS,
    FAMILIES,
    SERVICE_REST_S,
    Family,
    plan_schedule,
    plan_submissions,
)

seeds = st.integers(0, 10_000)
few = settings(max_examples=25, deadline=None)


@few
@given(seeds)
def test_the_same_seed_gives_the_same_schedule(seed: int) -> None:
    assert plan_schedule(seed, 200.0, 30) == plan_schedule(seed, 200.0, 30)
    assert plan_submissions(seed, 200.0, 30, 6) == plan_submissions(seed, 200.0, 30, 6)


@few
@given(seeds)
def test_every_family_comes_in_a_schedule_of_as_many_events(seed: int) -> None:
    assert {event.family for event in plan_schedule(seed, 30.0, len(FAMILIES))} == set(FAMILIES)


@few
@given(seeds)
def test_events_come_in_order_and_within_the_time(seed: int) -> None:
    times = [event.at_s for event in plan_schedule(seed, 100.0, 40)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] <= 100.0


@few
@given(seeds)
def test_no_service_is_killed_again_before_it_had_its_rest(seed: int) -> None:
    events = plan_schedule(seed, 300.0, 60)
    for service in {event.what for event in events if event.family is Family.SERVICE}:
        times = [event.at_s for event in events if event.what == service]
        assert all(later - sooner >= SERVICE_REST_S for sooner, later in pairwise(times))


@few
@given(seeds)
def test_postgres_is_not_killed_more_often_than_its_keeper_bears(seed: int) -> None:
    events = plan_schedule(seed, 600.0, 100)
    assert sum(event.family is Family.DATABASE for event in events) <= DATABASE_KILLS


@few
@given(seeds)
def test_two_faults_of_the_store_never_overlap(seed: int) -> None:
    broken = [event for event in plan_schedule(seed, 300.0, 60) if event.family is Family.STORE]
    assert all(sooner.at_s + sooner.lasts_s < later.at_s for sooner, later in pairwise(broken))


@few
@given(seeds)
def test_a_recording_is_shared_only_by_different_users(seed: int) -> None:
    submissions = plan_submissions(seed, 60.0, 30, 4)
    owners = [(each.recording, each.user) for each in submissions]
    assert len(set(owners)) == len(owners)
    assert len({each.recording for each in submissions}) == 20
