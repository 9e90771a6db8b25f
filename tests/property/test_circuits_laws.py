from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.circuits import FIRST_OPENING, LONGEST_OPENING, THRESHOLD, TRIAL, Circuit, plan_entry, plan_failure

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 3_600_000).map(lambda ms: START + timedelta(milliseconds=ms))
waits = st.integers(0, 600).map(lambda s: timedelta(seconds=s))


@st.composite
def circuits(draw):
    """Circuits as they come to be: closed after few failures, open, or being tried."""
    changed_at = draw(moments)
    if draw(st.booleans()):
        return Circuit(draw(st.integers(0, THRESHOLD - 1)), changed_at=draw(st.none() | st.just(changed_at)))
    until = changed_at + draw(st.integers(1, 600).map(lambda s: timedelta(seconds=s)))
    failures, openings = draw(st.integers(THRESHOLD, 1000)), draw(st.integers(1, 200))
    return Circuit(failures, openings, until, draw(st.booleans()), changed_at)


@settings(max_examples=300, deadline=None)
@given(circuits(), moments)
def test_an_entry_waits_exactly_until_the_opening_ends(circuit, now):
    entry = plan_entry(circuit, now)
    if circuit.open_until is None:
        assert (entry.wait, entry.circuit) == (timedelta(), circuit)
    else:
        assert entry.wait == max(timedelta(), circuit.open_until - now)


@settings(max_examples=300, deadline=None)
@given(circuits(), moments)
def test_of_all_who_come_at_once_at_most_one_is_let_into_a_circuit_that_was_open(circuit, now):
    was_closed, let_in = circuit.open_until is None, 0
    for _ in range(5):
        entry = plan_entry(circuit, now)
        circuit, let_in = entry.circuit, let_in + (not entry.wait)
    assert let_in == 5 if was_closed else let_in <= 1


@settings(max_examples=300, deadline=None)
@given(circuits(), moments)
def test_whoever_tries_is_waited_for_and_never_longer_than_a_trial(circuit, now):
    entry = plan_entry(circuit, now)
    if circuit.open_until is not None and not entry.wait:
        assert plan_entry(entry.circuit, now).wait == TRIAL
        assert not plan_entry(entry.circuit, now + TRIAL).wait


@settings(max_examples=300, deadline=None)
@given(circuits(), moments, waits, waits)
def test_a_failure_is_counted_once_or_changes_nothing(circuit, now, age, retry_after):
    failed = plan_failure(circuit, now, began_at=now - age, retry_after=retry_after)
    assert failed == circuit or failed.failures == circuit.failures + 1


@settings(max_examples=300, deadline=None)
@given(circuits(), moments, waits, waits)
def test_only_the_threshold_opens_and_an_opening_keeps_its_bounds(circuit, now, age, retry_after):
    failed = plan_failure(circuit, now, began_at=now - age, retry_after=retry_after)
    if failed.openings > circuit.openings:
        assert failed.failures >= THRESHOLD
        assert failed.open_until is not None
        lasts = failed.open_until - now
        assert max(FIRST_OPENING, retry_after) <= lasts <= max(LONGEST_OPENING, retry_after)
        assert not failed.is_trial


@settings(max_examples=300, deadline=None)
@given(circuits(), moments, waits)
def test_nothing_that_began_before_a_change_changes_more(circuit, now, age):
    if circuit.changed_at is not None:
        began_at = circuit.changed_at - timedelta(milliseconds=1) - age
        assert plan_failure(circuit, now, began_at=began_at) == circuit


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12))
def test_openings_grow_until_the_longest_while_every_trial_fails(trials):
    circuit, now = Circuit(), START
    for _ in range(THRESHOLD):
        circuit = plan_failure(circuit, now, began_at=now)
    lengths = []
    for _ in range(trials):
        assert circuit.open_until is not None
        lengths.append(circuit.open_until - now)
        now = circuit.open_until
        circuit = plan_failure(plan_entry(circuit, now).circuit, now, began_at=now)
    assert lengths == [min(FIRST_OPENING * 2**n, LONGEST_OPENING) for n in range(trials)]
