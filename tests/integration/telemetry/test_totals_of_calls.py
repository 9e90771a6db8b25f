"""The ledger counted once: whatever becomes of a call after it was counted, and whoever counts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dubbing.usage import Receipt
from resources.database import totals
from resources.database.connection import SERVICE_ROLE, Database
from resources.database.tables import CallState
from resources.database.totals import measure_horizon
from tests.integration.telemetry.ledger import Ledger, count, get_now, open_ledger, read_totals

SPEND = "dubline_spend_usd_micros_total"
CALLS = "dubline_calls_total"

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "settle", "fail", "doubt", "abandon", "reconcile", "count"]),
        st.integers(0, 3),
        st.integers(0, 10_000),
    ),
    max_size=25,
)


def sum_spend(database: Database) -> int:
    return sum(value for key, value in read_totals(database, SPEND).items() if key[-1] == "amount")


def count_calls(database: Database) -> int:
    return sum(value for key, value in read_totals(database, CALLS).items() if key[-1] == "events")


def do_deeds(ledger: Ledger, deeds: list[tuple[str, int, int]]) -> None:
    """Do them, and see that no total goes down."""
    calls, before = [], (sum_spend(ledger.database), count_calls(ledger.database))
    for name, number, cost in deeds:
        if name == "begin":
            calls.append(ledger.begin())
        elif name == "count":
            count(ledger.database)
            now = (sum_spend(ledger.database), count_calls(ledger.database))
            assert now >= before
            before = now
        elif calls:
            getattr(ledger, name)(calls[number % len(calls)], cost)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_the_totals_are_those_of_the_ledger_whatever_happened_in_which_order(
    database: Database, deeds: list[tuple[str, int, int]]
) -> None:
    ledger = open_ledger(database)
    do_deeds(ledger, deeds)
    count(database)
    rows = ledger.list_calls()
    assert sum_spend(database) == sum(row.cost_usd_micros for row in rows)
    assert count_calls(database) == sum(row.settled_at is not None for row in rows)


def test_a_call_that_was_taken_for_dead_and_answers_is_counted_once_with_its_cost(database: Database) -> None:
    ledger = open_ledger(database)
    call = ledger.begin()
    ledger.abandon(call)
    count(database)
    assert (sum_spend(database), count_calls(database)) == (0, 1)
    ledger.settle(call, 70)
    ledger.settle(call, 70)  # its process did not hear that the first time was committed
    count(database)
    assert (sum_spend(database), count_calls(database)) == (70, 1)


def test_what_an_invoice_said_stays_though_the_call_answers_after_it(database: Database) -> None:
    ledger = open_ledger(database)
    call = ledger.begin()
    ledger.abandon(call)
    ledger.reconcile(call, 50)
    count(database)
    ledger.settle(call, 70)
    count(database)
    (row,) = ledger.list_calls()
    assert (sum_spend(database), row.cost_usd_micros, row.state) == (50, 50, CallState.SETTLED)


def test_a_call_that_is_stamped_early_and_committed_late_is_counted_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "MARGIN", timedelta(0))  # which would hide that it is not enough
    ledger = open_ledger(database)
    late, soon = ledger.begin(), ledger.begin()
    with database.transaction() as tx:
        tx.purchases.settle_call(late, Receipt({}, None), 1)
        ledger.settle(soon, 10)
        until = database.measure_horizon()
        count(database, until)
        assert sum_spend(database) == 0
    count(database)
    assert sum_spend(database) == 11
    assert all(row.settled_at >= until for row in ledger.list_calls())


def test_a_reading_never_reaches_past_a_transaction_that_writes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "MARGIN", timedelta(0))
    call = open_ledger(database).begin()
    with database.transaction() as tx:
        began_at = tx.session.scalar(text("SELECT now()"))
        tx.purchases.fail_call(call, "internal")
        assert database.measure_horizon() <= began_at


def test_who_may_not_see_since_when_others_write_stays_a_minute_behind(database: Database) -> None:
    call = open_ledger(database).begin()
    with database.engine.connect() as connection:
        connection.execute(text(f"SET ROLE {SERVICE_ROLE}"))  # to it the login's own sessions are somebody else's
        alone = measure_horizon(connection)
        connection.commit()  # a transaction sees others as they were when it looked first
        with database.transaction() as tx:
            tx.purchases.fail_call(call, "internal")
            hidden = measure_horizon(connection)
        connection.execute(text("RESET ROLE"))
        connection.commit()
    now = get_now(database)
    assert alone > now - timedelta(seconds=50)
    assert hidden <= now - timedelta(seconds=50)


def test_exporters_that_count_at_the_same_time_count_everything_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "SLICE", 7)
    ledger = open_ledger(database)
    for _ in range(60):
        ledger.settle(ledger.begin(), 3)
    until, together = get_now(database), threading.Barrier(4)

    def export() -> None:
        together.wait()
        while not count(database, until):
            pass

    with ThreadPoolExecutor(4) as pool:
        for exporter in [pool.submit(export) for _ in range(4)]:
            exporter.result()
    assert (sum_spend(database), count_calls(database)) == (180, 60)


def test_a_window_that_was_counted_is_not_counted_by_who_measured_it_before(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.settle(ledger.begin(), 5)
    stale = get_now(database) - timedelta(hours=1)
    count(database)
    assert count(database, stale)
    ledger.settle(ledger.begin(), 5)
    count(database)
    assert sum_spend(database) == 10


def test_a_counting_that_is_rolled_back_is_done_again(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.settle(ledger.begin(), 5)
    until = get_now(database)
    with database.transaction() as tx:
        tx.totals.count(until)
        tx.session.rollback()
    count(database, until)
    assert sum_spend(database) == 5


def test_what_was_found_again_is_counted_with_what_it_had_cost_last(database: Database) -> None:
    ledger = open_ledger(database)
    ledger.settle(ledger.begin(content_key="take"), 30)
    ledger.settle(ledger.begin(content_key="take"), 40)
    ledger.doubt(ledger.begin(content_key="take"))
    with database.transaction() as tx:
        tx.totals.add_found("synthesize", 1, ["take"])
        tx.totals.add_found("synthesize", 1, ["nobody bought this", "take"])
        tx.totals.add_found("synthesize", 1, ["nobody bought this"])
        tx.totals.add_found("translate", 12)
    assert read_totals(database, "dubline_found_again_total")[("synthesize", "events")] == 3
    assert read_totals(database, "dubline_found_again_total")[("translate", "events")] == 12
    assert read_totals(database, "dubline_saved_usd_micros_total")[("synthesize", "amount")] == 80
    assert read_totals(database, "dubline_saved_usd_micros_total")[("translate", "amount")] == 0


def test_who_finds_something_does_not_wait_for_others_to_commit(database: Database) -> None:
    with ExitStack() as finders:
        for _ in range(8):
            tx = finders.enter_context(database.transaction())
            tx.session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            tx.totals.add_found("translate", 1)
    assert read_totals(database, "dubline_found_again_total")[("translate", "events")] == 8


def test_a_clock_that_was_set_back_shows_as_lag(database: Database) -> None:
    count(database, get_now(database) + timedelta(hours=1))
    with database.transaction() as tx:
        assert tx.totals.measure_lag_s() == pytest.approx(3600, abs=60)
