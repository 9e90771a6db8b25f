"""What is held always carries what is spent, and never lets a job cost more than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import SpendLimitReachedError, SpendLimitTooLowError
from dubbing.spend_limits import Account, Need, measure_charge, plan_call, plan_cover, plan_hold

SUM = st.integers(0, 10**9)
LANGUAGES = st.sampled_from(["es", "fr", "de", "pt-BR"])


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """A job that has kept to its limits so far."""
    counted, uncounted, lost, free = draw(SUM), draw(SUM), draw(SUM), draw(SUM)
    bound = draw(st.none() | SUM)
    is_held = draw(st.booleans())
    total = counted + uncounted
    return Account(
        total,
        min(total, uncounted + lost),
        min(total, uncounted + lost) + free if is_held else 0,
        None if bound is None else total + (free if is_held else 0) + bound,
    )


def get_counted(account: Account) -> int:
    return account.total_usd_micros - account.uncounted_usd_micros


@st.composite
def needs(draw: st.DrawFn) -> Need:
    lowest = draw(SUM)
    return Need(lowest, lowest + draw(SUM))


@given(accounts(), needs())
def test_a_hold_for_new_work_carries_what_is_spent_and_keeps_within_the_job(account: Account, need: Need) -> None:
    try:
        held = plan_hold(account, need)
    except SpendLimitTooLowError:
        assert account.max_usd_micros is not None
        return
    assert held >= account.held_usd_micros
    assert held >= account.uncounted_usd_micros
    assert held <= max(account.uncounted_usd_micros, account.held_usd_micros + need.worst_usd_micros)
    if account.max_usd_micros is None:
        assert held >= account.held_usd_micros + need.worst_usd_micros
    else:
        assert get_counted(account) + held <= account.max_usd_micros


@given(accounts(), needs())
def test_a_sharper_hold_carries_what_is_spent_and_keeps_within_the_job(account: Account, need: Need) -> None:
    try:
        cover = plan_cover(account, need)
    except SpendLimitReachedError:
        assert account.max_usd_micros is not None
        assert account.max_usd_micros < need.lowest_usd_micros
        return
    assert account.uncounted_usd_micros <= cover.least_usd_micros <= cover.wanted_usd_micros
    assert cover.wanted_usd_micros <= max(account.uncounted_usd_micros, need.worst_usd_micros)
    if account.max_usd_micros is not None:
        assert get_counted(account) + cover.wanted_usd_micros <= account.max_usd_micros


@given(accounts(), SUM)
def test_a_call_that_may_begin_fits_into_the_raised_hold_and_into_the_job(account: Account, estimate: int) -> None:
    try:
        lacking = plan_call(account, estimate)
    except SpendLimitReachedError:
        assert account.max_usd_micros is not None
        assert account.total_usd_micros + estimate > account.max_usd_micros
        return
    assert account.uncounted_usd_micros + estimate <= account.held_usd_micros + lacking
    assert account.max_usd_micros is None or account.total_usd_micros + estimate <= account.max_usd_micros


@given(st.dictionaries(st.none() | LANGUAGES, SUM), st.sets(LANGUAGES))
def test_the_user_pays_for_what_was_delivered_and_we_for_the_rest(costs: dict[str | None, int], got: set[str]) -> None:
    charged = measure_charge(costs, got)
    assert 0 <= charged <= sum(costs.values())
    assert measure_charge(costs, set()) == 0
    if got >= {language for language in costs if language is not None} and got:
        assert charged == sum(costs.values())


def test_a_limit_below_the_lowest_estimate_is_refused_and_the_lowest_is_enough() -> None:
    assert plan_hold(Account(max_usd_micros=300), Need(300, 900)) == 300
    with pytest.raises(SpendLimitTooLowError):
        plan_hold(Account(max_usd_micros=299), Need(300, 900))


def test_a_job_that_has_spent_all_it_may_gets_no_more_work() -> None:
    with pytest.raises(SpendLimitTooLowError):
        plan_hold(Account(total_usd_micros=500, max_usd_micros=500), Need(100, 200))
