from dataclasses import fields
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dubbing.retention import Holding, Kind, Policy, plan_purge

NOW = datetime(2026, 11, 20, tzinfo=UTC)

ages = st.timedeltas(min_value=timedelta(hours=-1), max_value=timedelta(hours=100))
limits = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=100))
policies = st.builds(Policy, **{field.name: limits for field in fields(Policy)})
holdings = st.lists(
    st.builds(
        Holding,
        st.sampled_from(Kind),
        st.uuids().map(str),
        ages.map(lambda age: NOW - age),
        in_use=st.booleans(),
    ),
    max_size=20,
)


@given(holdings, policies)
def test_nothing_in_use_is_ever_due(held: list[Holding], policy: Policy) -> None:
    assert not any(each.in_use for each in plan_purge(held, policy, NOW).due)


@given(holdings, policies)
def test_everything_is_in_exactly_one_place(held: list[Holding], policy: Policy) -> None:
    purge = plan_purge(held, policy, NOW)
    assert sorted(map(repr, (*purge.due, *purge.in_use, *purge.fresh))) == sorted(map(repr, held))


@given(holdings, policies)
def test_the_younger_never_goes_before_the_older(held: list[Holding], policy: Policy) -> None:
    purge = plan_purge(held, policy, NOW)
    assert [each.counts_from for each in purge.due] == sorted(each.counts_from for each in purge.due)
    for kind in Kind:
        due = [each.counts_from for each in purge.due if each.kind is kind]
        kept = [each.counts_from for each in purge.fresh if each.kind is kind]
        assert not due or not kept or max(due) < min(kept)


@given(holdings, policies, limits)
def test_whoever_keeps_longer_erases_no_more(held: list[Holding], policy: Policy, more: timedelta) -> None:
    longer = Policy(**{field.name: getattr(policy, field.name) + more for field in fields(Policy)})
    assert set(plan_purge(held, longer, NOW).due) <= set(plan_purge(held, policy, NOW).due)


@given(holdings, policies, limits)
def test_what_is_due_stays_due(held: list[Holding], policy: Policy, later: timedelta) -> None:
    assert set(plan_purge(held, policy, NOW).due) <= set(plan_purge(held, policy, NOW + later).due)


@given(holdings, policies)
def test_a_purge_of_a_purge_is_empty(held: list[Holding], policy: Policy) -> None:
    purge = plan_purge(held, policy, NOW)
    assert plan_purge((*purge.in_use, *purge.fresh), policy, NOW).due == ()
