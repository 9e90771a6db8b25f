"""The bill of a day, summed up by the real Postgres."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dubbing.billing import UNCHANGED, WHOLE, get_span
from dubbing.jobs import LanguageState
from dubbing.spend_limits import measure_charge
from resources.database.bills import MadeBill
from resources.database.tables import CallState
from tests.integration.purchasing.shop import run_all
from tests.support.billed import DAY, NOON, Ledger

DONE, FAILED, MIXING = LanguageState.COMPLETED, LanguageState.FAILED, LanguageState.MIXING
LOST = (LanguageState.FAILED, LanguageState.CANCELLED)
TOMORROW = DAY + timedelta(days=1)


def list_failed(made: MadeBill) -> list[str]:
    return [check.name for check in made.checks if not check.passed]


@dataclasses.dataclass(frozen=True)
class Draw:
    """A call as drawn; the numbers choose a job and a minute from the day before to the day after."""

    job: int
    language: str | None
    vendor: str
    operation: str
    state: CallState
    cost: int
    characters: int
    minute: int


draws = st.builds(
    Draw,
    job=st.integers(0, 2),
    language=st.sampled_from([None, "es", "fr"]),
    vendor=st.sampled_from(["acme", "bolt", "local"]),
    operation=st.sampled_from(["translate", "synthesize"]),
    state=st.sampled_from(list(CallState)),
    cost=st.integers(1, 2**40),
    characters=st.integers(0, 10_000),
    minute=st.integers(-720, 2160),
)
states = st.lists(st.tuples(*[st.sampled_from([DONE, FAILED, MIXING])] * 2), min_size=3, max_size=3)


@given(calls=st.lists(draws, max_size=25), states=states)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bill_is_what_a_person_would_sum_up(
    ledger: Ledger, calls: Sequence[Draw], states: Sequence[tuple[LanguageState, LanguageState]]
) -> None:
    ledger.empty()
    ledger.add_price("characters", 1)
    jobs = [ledger.add_job(dict(zip(("es", "fr"), each, strict=True))) for each in states]
    for call in calls:
        is_settled = call.state is CallState.SETTLED
        ledger.add_call(
            jobs[call.job],
            call.language,
            call.cost if is_settled else 0,
            state=call.state,
            at=get_span(DAY)[0] + timedelta(minutes=call.minute),
            estimated_usd_micros=call.cost,
            vendor=call.vendor,
            operation=call.operation,
            usage={"characters": call.characters},
        )
    made = ledger.biller.make(DAY).bill
    expected = sum_up(calls, states)
    found = {
        (jobs.index(line.job_id), line.language, line.vendor, line.operation): Counter(
            calls=line.calls,
            failed=line.failed_calls,
            doubtful_calls=line.doubtful_calls,
            cost=line.cost_usd_micros,
            charged=line.charged_usd_micros,
            lost=line.lost_usd_micros,
            doubtful=line.doubtful_usd_micros,
            characters=line.usage.get("characters", 0),
        )
        for line in ledger.list_lines()
    }
    assert found == expected
    assert list_failed(made) == []
    whole = sum(expected.values(), Counter[str]())
    assert (made.lines, made.sums.calls, made.sums.cost_usd_micros) == (len(expected), whole["calls"], whole["cost"])
    assert (made.charged_usd_micros, made.lost_usd_micros) == (whole["charged"], whole["lost"])
    assert all(check.passed for check in ledger.biller.check(DAY))


def sum_up(calls: Sequence[Draw], states: Sequence[Sequence[LanguageState]]) -> Mapping[Any, Counter[str]]:
    """Sum calls up one by one."""
    found: dict[Any, Counter[str]] = {}
    for call in calls:
        if call.vendor == "local" or not 0 <= call.minute < 1440:
            continue
        paid = {tag for tag, state in zip(("es", "fr"), states[call.job], strict=True) if state not in LOST}
        cost = call.cost if call.state is CallState.SETTLED else 0
        is_doubtful = call.state in (CallState.STARTED, CallState.SPEND_UNKNOWN)
        key = (call.job, call.language, call.vendor, call.operation)
        found.setdefault(key, Counter()).update(
            calls=1,
            failed=int(call.state is CallState.FAILED),
            doubtful_calls=int(is_doubtful),
            cost=cost,
            charged=measure_charge({call.language: cost}, paid),
            lost=cost - measure_charge({call.language: cost}, paid),
            doubtful=call.cost if is_doubtful else 0,
            characters=call.characters if call.state is CallState.SETTLED else 0,
        )
    return found


def test_a_bill_made_again_takes_the_place_of_the_one_before(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE})
    ledger.add_call(job_id, cost=70)
    first = ledger.biller.make(DAY)
    again = ledger.biller.make(DAY)
    assert dataclasses.replace(again.bill, made_at=first.bill.made_at) == first.bill
    assert ledger.get_line().cost_usd_micros == 70


def test_what_is_delivered_is_charged_and_what_failed_is_lost(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE, "fr": FAILED})
    for language, cost in ((None, 1), ("es", 10), ("fr", 100)):
        ledger.add_call(job_id, language, cost)
    made = ledger.biller.make(DAY).bill
    assert (made.charged_usd_micros, made.lost_usd_micros, made.is_provisional) == (11, 100, False)


def test_what_served_languages_that_all_failed_is_lost(ledger: Ledger) -> None:
    ledger.add_call(ledger.add_job({"es": FAILED, "fr": FAILED}), None, 9)
    made = ledger.biller.make(DAY).bill
    assert (made.charged_usd_micros, made.lost_usd_micros) == (0, 9)


@pytest.mark.parametrize("state", [LanguageState.CANCELLED, FAILED])
def test_a_dub_whose_edit_was_cancelled_or_failed_is_charged_all_the_same(ledger: Ledger, state: LanguageState) -> None:
    job_id = ledger.add_job({"es": DONE})
    ledger.add_call(job_id, cost=5)
    with ledger.database.transaction() as tx:
        tx.jobs.begin_revision(tx.jobs.claim(job_id), tx.jobs.list_languages(job_id)[0])
        tx.jobs.advance(job_id, "es", state, 0)
    made = ledger.biller.make(DAY).bill
    assert (made.charged_usd_micros, made.lost_usd_micros) == (5, 0)


def test_a_language_under_way_counts_as_charged_and_makes_the_bill_provisional(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": MIXING})
    ledger.add_call(job_id, cost=5)
    made = ledger.biller.make(DAY).bill
    assert (made.is_provisional, made.charged_usd_micros, made.lost_usd_micros) == (True, 5, 0)
    ledger.end_language(job_id, "es", FAILED, NOON)
    made = ledger.biller.make(DAY).bill
    assert (made.is_provisional, made.charged_usd_micros, made.lost_usd_micros) == (False, 0, 5)


def test_a_day_ends_with_its_last_microsecond(ledger: Ledger) -> None:
    job_id, midnight = ledger.add_job({"es": DONE}), get_span(DAY)[1]
    ledger.add_call(job_id, cost=1, at=midnight - timedelta(microseconds=1))
    ledger.add_call(job_id, cost=10, at=midnight)
    assert [ledger.biller.make(day).bill.sums.cost_usd_micros for day in (DAY, TOMORROW)] == [1, 10]


def test_today_is_provisional_and_a_call_that_has_just_begun_is_not_in_doubt(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    job_id = ledger.add_job({"es": DONE})
    ledger.add_call(job_id, state=CallState.STARTED, at=now, estimated_usd_micros=7)
    made = ledger.biller.make(now.date()).bill
    assert (made.is_provisional, made.sums.calls, made.sums.doubtful_usd_micros) == (True, 1, 0)


@pytest.mark.parametrize("is_doubled", [True, False])
def test_a_row_of_the_ledger_that_is_doubled_or_removed_fails_the_checks(ledger: Ledger, is_doubled: bool) -> None:
    job_id = ledger.add_job({"es": DONE})
    for cost in (3, 4):
        call_id = ledger.add_call(job_id, cost=cost)
    ledger.biller.make(DAY)
    if is_doubled:
        ledger.add_call(job_id, cost=4)
    else:
        ledger.remove_call(call_id)
    assert [check.name for check in ledger.biller.check(DAY) if not check.passed] == [WHOLE]
    assert list_failed(ledger.biller.make(DAY).bill) == [UNCHANGED]
    assert not ledger.get_bill().checks[UNCHANGED]["passed"]


def test_a_call_that_used_something_and_has_no_price_is_named(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE})
    ledger.add_price("characters", 1)
    used = {"usage": {"characters": 600}}
    free = [
        ledger.add_call(job_id, **used),
        ledger.add_call(job_id, **(used | {"price_effective_from": None})),
        ledger.add_call(job_id, usage={"ms": 5}),
    ]
    ledger.add_call(job_id, usage={"characters": 400})  # less than half a micro-dollar
    ledger.add_call(job_id, state=CallState.FAILED, usage={"characters": 600})
    ledger.add_call(job_id, **used, reconciled_at=NOON)  # the invoice says so
    (check,) = [each for each in ledger.biller.make(DAY).bill.checks if not each.passed]
    assert check.details == {"calls": sorted(map(str, free))}


def test_a_negative_call_is_on_no_bill_and_fails_the_checks(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE})
    ledger.add_call(job_id, cost=8)
    call_id = ledger.add_call(job_id, cost=-50)
    made = ledger.biller.make(DAY).bill
    assert made.sums.cost_usd_micros == 8
    assert {check.name: check.details.get("calls") for check in made.checks if not check.passed} == {
        WHOLE: None,
        "nothing_is_negative": [str(call_id)],
    }


def test_a_bill_that_several_make_at_once_is_made_once(ledger: Ledger) -> None:
    ledger.add_call(ledger.add_job({"es": DONE}), cost=2)
    made = run_all([lambda: ledger.biller.make(DAY).bill] * 4)
    assert {each.sums.cost_usd_micros for each in made} == {2}
    assert ledger.get_line().cost_usd_micros == 2


def test_days_without_a_bill_are_stale_until_they_have_one(ledger: Ledger) -> None:
    assert ledger.biller.find_stale_days() == []
    ledger.add_call(ledger.add_job({"es": DONE}), cost=2)
    assert ledger.biller.find_stale_days() == [DAY]
    ledger.biller.make(DAY)
    assert ledger.biller.find_stale_days() == []


def test_a_call_that_is_settled_late_makes_its_day_stale_and_the_new_bill_counts_it(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE})
    call_id = ledger.add_call(job_id, state=CallState.STARTED, estimated_usd_micros=60)
    assert ledger.biller.make(DAY).bill.sums.doubtful_usd_micros == 60
    assert ledger.biller.find_stale_days() == []
    ledger.change_call(call_id, state="settled", cost_usd_micros=55, settled_at=datetime.now(UTC))
    assert ledger.biller.find_stale_days() == [DAY]
    assert ledger.get_bill().is_provisional
    made = ledger.biller.make(DAY).bill
    assert (made.sums.cost_usd_micros, made.sums.doubtful_usd_micros, list_failed(made)) == (55, 0, [])


def test_a_doubt_that_an_invoice_ends_makes_its_day_stale(ledger: Ledger) -> None:
    call_id = ledger.add_call(ledger.add_job({"es": DONE}), state=CallState.SPEND_UNKNOWN)
    ledger.biller.make(DAY)
    ledger.change_call(call_id, state="settled", cost_usd_micros=5, reconciled_at=datetime.now(UTC))
    assert ledger.biller.find_stale_days(DAY, DAY) == [DAY]
    assert ledger.biller.find_stale_days(TOMORROW) == []


def test_a_language_that_a_replay_delivered_later_makes_the_days_of_its_calls_stale(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": FAILED})
    ledger.add_call(job_id, cost=5)
    ledger.add_call(ledger.add_job({"es": DONE}), at=NOON + timedelta(days=1))
    for day in (DAY, TOMORROW):
        ledger.biller.make(day)
    ledger.end_language(job_id, "es", DONE, datetime.now(UTC))
    assert ledger.biller.find_stale_days() == [DAY]
    assert ledger.biller.make(DAY).bill.charged_usd_micros == 5


def test_what_this_machine_did_itself_is_on_no_bill(ledger: Ledger) -> None:
    ledger.add_call(ledger.add_job({"es": DONE}), vendor="local", usage={"ms": 5}, price_effective_from=None)
    assert ledger.biller.find_stale_days() == [DAY]
    made = ledger.biller.make(DAY).bill
    assert (made.lines, made.sums.calls, list_failed(made)) == (0, 0, [])
    assert ledger.biller.find_stale_days() == []


def test_a_bill_made_by_hand_after_a_long_pause_hides_no_late_change_of_another_day(ledger: Ledger) -> None:
    job_id = ledger.add_job({"es": DONE})
    call_id = ledger.add_call(job_id, state=CallState.SPEND_UNKNOWN, estimated_usd_micros=60)
    ledger.biller.make(DAY)
    ledger.backdate_bill(DAY, timedelta(days=10))  # since then nobody looked
    ledger.change_call(
        call_id, state="settled", cost_usd_micros=55, reconciled_at=datetime.now(UTC) - timedelta(days=5)
    )
    ledger.add_call(job_id, cost=1, at=NOON + timedelta(days=1))
    ledger.biller.make(TOMORROW)
    assert ledger.biller.find_stale_days() == [DAY]
