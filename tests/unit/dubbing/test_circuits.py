from datetime import UTC, datetime, timedelta

import pytest

from dubbing.circuits import (
    FIRST_OPENING,
    LONGEST_OPENING,
    THRESHOLD,
    TRIAL,
    Circuit,
    plan_entry,
    plan_failure,
    plan_success,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fail(circuit: Circuit, now: datetime = NOW, times: int = 1, **more) -> Circuit:
    for _ in range(times):
        circuit = plan_failure(circuit, now, **({"began_at": now} | more))
    return circuit


def test_everybody_is_let_in_while_the_circuit_is_closed():
    assert plan_entry(Circuit(failures=THRESHOLD - 1), NOW).wait == timedelta()


def test_one_failure_less_than_the_threshold_leaves_it_closed():
    assert fail(Circuit(), times=THRESHOLD - 1).open_until is None


def test_the_threshold_opens_it_for_the_first_opening():
    assert fail(Circuit(), times=THRESHOLD).open_until == NOW + FIRST_OPENING


def test_nobody_is_let_in_while_it_is_open_and_the_wait_is_what_is_left():
    opened = fail(Circuit(), times=THRESHOLD)
    assert plan_entry(opened, NOW + SECOND).wait == FIRST_OPENING - SECOND


def test_the_first_after_an_opening_is_let_in_and_the_second_waits_for_it():
    opened, later = fail(Circuit(), times=THRESHOLD), NOW + FIRST_OPENING
    first = plan_entry(opened, later)
    assert first.wait == timedelta()
    assert plan_entry(first.circuit, later).wait == TRIAL


def test_a_trial_without_an_outcome_lets_in_another_one():
    trial = plan_entry(fail(Circuit(), times=THRESHOLD), NOW + FIRST_OPENING).circuit
    assert plan_entry(trial, NOW + FIRST_OPENING + TRIAL).wait == timedelta()


@pytest.mark.parametrize(("openings", "lasts"), [(1, 2 * FIRST_OPENING), (2, 4 * FIRST_OPENING), (99, LONGEST_OPENING)])
def test_a_failed_trial_opens_it_for_twice_as_long_up_to_the_longest(openings, lasts):
    trial = Circuit(THRESHOLD, openings, NOW + TRIAL, is_trial=True, changed_at=NOW)
    assert fail(trial).open_until == NOW + lasts


def test_a_vendor_may_ask_for_a_longer_opening_but_not_for_a_shorter_one():
    near = Circuit(failures=THRESHOLD - 1)
    assert fail(near, retry_after=2 * LONGEST_OPENING).open_until == NOW + 2 * LONGEST_OPENING
    assert fail(near, retry_after=SECOND).open_until == NOW + FIRST_OPENING


def test_a_straggler_does_not_lengthen_an_opening():
    opened = fail(Circuit(), times=THRESHOLD)
    assert fail(opened, NOW + SECOND, began_at=NOW - SECOND) == opened


def test_a_call_that_slipped_in_as_it_opened_does_not_lengthen_the_opening():
    opened = fail(Circuit(), times=THRESHOLD)
    assert fail(opened, NOW + SECOND, began_at=NOW + SECOND) == opened


def test_a_straggler_does_not_fail_the_trial_of_somebody_else():
    trial = plan_entry(fail(Circuit(), times=THRESHOLD), NOW + FIRST_OPENING).circuit
    assert fail(trial, NOW + FIRST_OPENING + SECOND, began_at=NOW - SECOND) == trial


def test_stragglers_do_not_open_a_circuit_again_that_was_closed_in_the_meantime():
    closed = Circuit(changed_at=NOW)
    assert fail(closed, NOW + SECOND, times=THRESHOLD, began_at=NOW - SECOND) == closed


def test_calls_that_began_after_it_closed_open_it_again():
    closed = Circuit(changed_at=NOW)
    assert fail(closed, NOW + SECOND, times=THRESHOLD).open_until == NOW + SECOND + FIRST_OPENING


def test_a_trial_that_took_longer_than_the_others_waited_for_it_counts_all_the_same():
    began_at = NOW + FIRST_OPENING
    trial = plan_entry(fail(Circuit(), times=THRESHOLD), began_at).circuit
    second = plan_entry(trial, began_at + TRIAL).circuit
    failed_at = began_at + TRIAL + SECOND
    assert fail(second, failed_at, began_at=began_at).open_until == failed_at + 2 * FIRST_OPENING


def test_the_failure_of_the_trial_opens_it_again():
    trial = plan_entry(fail(Circuit(), times=THRESHOLD), NOW + FIRST_OPENING).circuit
    assert not fail(trial, NOW + FIRST_OPENING + SECOND, began_at=NOW + FIRST_OPENING).is_trial


def test_a_success_counts_from_the_start_again():
    assert plan_success(Circuit(failures=4), NOW, began_at=NOW - timedelta(seconds=9)) == Circuit()


def test_the_success_of_a_call_from_before_the_opening_does_not_close_it():
    opened = Circuit(5, 1, NOW + timedelta(seconds=10), changed_at=NOW)
    assert plan_success(opened, NOW, began_at=NOW - timedelta(seconds=1)) == opened


def test_the_success_of_the_one_that_tried_closes_it():
    trying = Circuit(5, 1, NOW + timedelta(seconds=10), is_trial=True, changed_at=NOW)
    later = NOW + timedelta(seconds=2)
    assert plan_success(trying, later, began_at=NOW + timedelta(seconds=1)) == Circuit(changed_at=later)
