"""Laws of holding an invoice against the ledger, for whatever either says."""

import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.reconciling import (
    InvoiceLine,
    LedgerCall,
    Span,
    Standing,
    Verdict,
    compare,
    measure_tally,
    name_calls,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SPAN = Span(NOON, NOON + timedelta(hours=6), timedelta(minutes=30))

ids = st.sampled_from([f"r{number}" for number in range(8)])
usages = st.sampled_from([{}, {"characters": 7}, {"characters": 8}, {"ms": 60_000}, {"input_tokens": 9}])
times = st.integers(-60, 480).map(lambda minutes: NOON + timedelta(minutes=minutes))
models = st.sampled_from(["small", "large"])
lines = st.lists(st.builds(InvoiceLine, ids, models, usages, st.integers(0, 5), times), max_size=12)


@st.composite
def ledger_calls(draw):
    standing = draw(st.sampled_from(Standing))
    started_at = draw(times)
    return LedgerCall(
        call_id=draw(st.uuids(version=4)),
        request_id=draw(st.none() | ids),
        model=draw(models),
        usage=draw(usages),
        standing=standing,
        usd_micros=draw(st.integers(0, 5)) if standing is Standing.KNOWN else 0,
        started_at=started_at,
        ended_at=None if standing is Standing.UNDER_WAY else started_at + timedelta(minutes=draw(st.integers(0, 40))),
    )


calls = st.lists(ledger_calls(), max_size=10, unique_by=lambda call: call.call_id)


@settings(max_examples=150, deadline=None)
@given(lines, calls)
def test_every_line_is_judged_once_and_the_sums_add_up_to_the_invoice(lines, calls):
    done = compare(lines, calls, SPAN)
    tally = done.tally
    assert tally.lines == len(lines) == tally.matched + tally.different + tally.missing_in_ledger
    judged = [each for each in done.findings if each.verdict is not Verdict.MISSING_IN_INVOICE]
    assert sum(each.line.usd_micros for each in judged) == sum(line.usd_micros for line in lines)
    assert tally.invoiced_usd_micros == sum(line.usd_micros for line in lines)


@settings(max_examples=150, deadline=None)
@given(lines, calls)
def test_no_call_is_judged_twice_and_its_known_cost_stays(lines, calls):
    judged = [each for each in compare(lines, calls, SPAN).findings if each.call is not None and not each.is_duplicate]
    assert len({each.call.call_id for each in judged}) == len(judged)
    known = [each for each in judged if each.call.standing is Standing.KNOWN]
    assert all(each.ledger_usd_micros == each.call.usd_micros for each in known)


@settings(max_examples=150, deadline=None)
@given(lines, calls, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_calls_does_not_matter(lines, calls, chance: random.Random):
    def describe(done):
        return sorted(repr(each) for each in done.findings), done.tally

    expected = describe(compare(lines, calls, SPAN))
    chance.shuffle(lines)
    chance.shuffle(calls)
    assert describe(compare(lines, calls, SPAN)) == expected


@settings(max_examples=150, deadline=None)
@given(lines, calls)
def test_doubts_end_or_stay_and_without_variance_of_their_own(lines, calls):
    done = compare(lines, calls, SPAN)
    doubts = [call for call in calls if call.standing is Standing.DOUBTFUL]
    told = [each for each in done.findings if each.was_doubtful]
    tally = done.tally
    assert len(told) == tally.doubts_billed + tally.doubts_not_billed + tally.doubts_left <= len(doubts)
    assert all(each.ledger_usd_micros == (each.line.usd_micros if each.line else 0) for each in told if each.ends_doubt)


@settings(max_examples=150, deadline=None)
@given(lines, calls)
def test_compared_again_once_its_doubts_are_ended_it_says_the_same_of_the_money(lines, calls):
    first = compare(lines, calls, SPAN)
    ended = {each.call.call_id: each for each in first.findings if each.ends_doubt}
    named = {each.call.call_id: each.call for each in first.findings if each.call and not each.is_duplicate}
    after = []
    for call in calls:
        now = named.get(call.call_id, call)
        if (end := ended.get(call.call_id)) is not None:
            now = replace(now, standing=Standing.KNOWN, usd_micros=end.ledger_usd_micros)
        after.append(now)
    again = compare(lines, after, SPAN).tally
    assert (again.invoiced_usd_micros, again.variance_usd_micros) == (
        first.tally.invoiced_usd_micros,
        first.tally.variance_usd_micros,
    )
    assert (again.different, again.missing_in_ledger) == (first.tally.different, first.tally.missing_in_ledger)


@settings(max_examples=150, deadline=None)
@given(lines, calls)
def test_a_line_is_given_to_one_call_at_most_and_only_where_it_fits(lines, calls):
    claimed = {call.request_id for call in calls}
    unclaimed = [line for line in lines if line.request_id not in claimed]
    names = name_calls(unclaimed, calls)
    assert len(set(names.values())) == len(names)
    by_id = {call.call_id: call for call in calls}
    for call_id, request_id in names.items():
        (line,) = (line for line in unclaimed if line.request_id == request_id)
        assert (by_id[call_id].model, by_id[call_id].request_id) == (line.model, None)
        assert by_id[call_id].standing is not Standing.UNDER_WAY


@settings(max_examples=100, deadline=None)
@given(lines, calls)
def test_tallies_of_parts_add_up_to_that_of_the_whole(lines, calls):
    findings = compare(lines, calls, SPAN).findings
    assert measure_tally(findings[::2]) + measure_tally(findings[1::2]) == measure_tally(findings)


def test_a_doubt_surely_covered_ends_as_not_billed_and_at_the_edge_it_stays():
    def doubt(at: datetime) -> LedgerCall:
        return LedgerCall(uuid.uuid4(), None, "small", {"characters": 7}, Standing.DOUBTFUL, 0, at, at)

    inside, edge = doubt(NOON + timedelta(hours=1)), doubt(NOON + timedelta(minutes=10))
    told = {each.call.call_id: each.ledger_usd_micros for each in compare([], [inside, edge], SPAN).findings}
    assert told == {inside.call_id: 0, edge.call_id: None}


def test_where_too_many_may_be_whose_nobody_is_named(monkeypatch):
    calls = [
        LedgerCall(uuid.UUID(int=n), None, "m", {"ms": 60_000}, Standing.DOUBTFUL, 0, NOON, NOON) for n in range(3)
    ]
    lines = [InvoiceLine(f"r{n}", "m", {"ms": 60_000}, 5, NOON) for n in range(3)]
    assert len(name_calls(lines, calls)) == 3
    monkeypatch.setattr("dubbing.reconciling.MOST_PAIRS", 8)
    assert name_calls(lines, calls) == {}
