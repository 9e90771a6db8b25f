"""Invoices against the ledger of a real database."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from dubbing.errors import InputError
from dubbing.jobs import LanguageState
from dubbing.reconciling import Finding, LedgerCall, Standing, Verdict
from dubbing.spend_limits import Need
from resources.database.balances import Balances
from resources.database.connection import Database
from resources.database.money_tables import Hold, InvoiceItem, InvoiceRow
from resources.database.tables import CallState, LanguageTask, VendorCall
from resources.invoicing.reconciler import Reconciler, Wish
from tests.integration.invoicing.desk import MONTH, NOON, Books, open_books, write_file, write_line


@pytest.fixture
def books(database: Database) -> Books:
    return open_books(database)


def summarise(items: list[InvoiceItem] | tuple[InvoiceItem, ...]) -> list[tuple[str, str | None]]:
    return sorted((item.verdict, item.request_id) for item in items)


def test_an_invoice_that_says_what_we_know_leaves_nothing_to_look_at(books: Books) -> None:
    books.add_call("a", 300)
    books.add_call("b", 500)
    done = books.reconcile(write_line("b", 500), write_line("a", 300))
    assert (done.invoice.lines, done.invoice.invoiced_usd_micros, done.invoice.ledger_usd_micros) == (2, 800, 800)
    assert done.tally.agrees
    assert list(done.items) == []


def test_what_differs_or_is_missing_is_reported_and_the_ledger_keeps_its_cost(books: Books) -> None:
    differs = books.add_call("differs", 300)
    books.add_call("unbilled", 70)
    books.add_call("refused", state=CallState.FAILED)
    done = books.reconcile(write_line("differs", 450), write_line("foreign", 11, characters=7))
    assert summarise(list(done.items)) == [
        ("different", "differs"),
        ("missing_in_invoice", "unbilled"),
        ("missing_in_ledger", "foreign"),
    ]
    assert done.invoice.variance_usd_micros == 450 + 11 - 300 - 70
    assert not done.tally.agrees
    assert (books.get_call(differs).cost_usd_micros, books.get_call(differs).reconciled_at) == (300, None)


def test_a_doubt_ends_with_what_its_request_is_billed(books: Books) -> None:
    call_id = books.doubt("named", characters=500)
    done = books.reconcile(write_line("named", 1234, characters=480))
    call = books.get_call(call_id)
    assert (call.state, call.cost_usd_micros, call.usage) == ("settled", 1234, {"characters": 480})
    assert call.reconciled_at is not None
    assert (done.invoice.doubts_ended, done.invoice.variance_usd_micros, done.tally.agrees) == (1, 0, True)
    assert [(item.verdict, item.was_doubtful) for item in done.items] == [("matched", True)]


def test_a_doubt_that_is_not_billed_ends_without_a_cost(books: Books) -> None:
    call_id = books.doubt()
    done = books.reconcile(write_line("foreign", 5, characters=7))
    call = books.get_call(call_id)
    assert (call.state, call.cost_usd_micros, call.reconciled_at is not None) == ("failed", 0, True)
    assert done.tally.doubts_not_billed == 1


def test_an_invoice_that_lacks_what_we_know_of_ends_no_doubt_as_not_billed(books: Books) -> None:
    silent, named = books.doubt(), books.doubt("named")
    books.add_call("a", 300)
    books.add_call("cut off", 300)
    done = books.reconcile(write_line("a", 300), write_line("named", 5))
    assert (books.get_call(silent).state, books.get_call(named).state) == ("spend_unknown", "settled")
    assert (done.tally.missing_in_invoice, done.tally.doubts_left) == (1, 1)


def test_a_call_of_which_something_was_heard_meanwhile_keeps_that(books: Books, database: Database) -> None:
    call_id = books.add_call("a", 300)
    seen = LedgerCall(call_id, "a", "model", {}, Standing.DOUBTFUL, 0, NOON, NOON)
    with database.transaction() as tx:
        tx.invoices.end_doubts([Finding(Verdict.MISSING_IN_INVOICE, None, seen, 0)])
    assert (books.get_call(call_id).state, books.get_call(call_id).cost_usd_micros) == ("settled", 300)


@pytest.mark.parametrize("at", [MONTH[0] + timedelta(minutes=30), MONTH[1] - timedelta(minutes=30)])
def test_a_doubt_at_the_edge_of_the_span_stays(books: Books, at: object) -> None:
    call_id = books.doubt(at=at)
    done = books.reconcile(write_line("foreign", 5, characters=7))
    assert books.get_call(call_id).state == "spend_unknown"
    assert (done.tally.doubts_left, [item.ledger_usd_micros for item in done.items if item.was_doubtful]) == (1, [None])


def test_a_doubt_without_a_request_id_gets_the_line_that_can_only_be_its(books: Books) -> None:
    call_id = books.doubt(characters=77)
    books.add_call("known", 300)
    done = books.reconcile(write_line("known", 300), write_line("lost", 231, characters=77))
    call = books.get_call(call_id)
    assert (call.state, call.cost_usd_micros, call.vendor_request_id) == ("settled", 231, "lost")
    assert done.tally.agrees


def test_two_doubts_that_may_be_either_of_two_lines_end_where_both_cost_the_same(books: Books) -> None:
    same = [books.doubt(characters=77), books.doubt(characters=77, at=NOON + timedelta(minutes=1))]
    books.reconcile(write_line("x", 231, characters=77), write_line("y", 231, characters=77))
    assert {books.get_call(call).vendor_request_id for call in same} == {"x", "y"}
    assert [books.get_call(call).cost_usd_micros for call in same] == [231, 231]


def test_two_doubts_that_may_be_either_of_two_lines_of_another_cost_stay(books: Books) -> None:
    calls = [books.doubt(characters=77), books.doubt(characters=77)]
    books.reconcile(write_line("x", 231, characters=77), write_line("y", 232, characters=77))
    assert {books.get_call(call).state for call in calls} == {"spend_unknown"}


def test_doubts_of_which_nobody_can_say_whose_a_line_is_stay(books: Books) -> None:
    calls = [books.doubt(characters=77), books.doubt(characters=77)]
    done = books.reconcile(write_line("x", 231, characters=77))
    assert {books.get_call(call).state for call in calls} == {"spend_unknown"}
    assert (done.tally.doubts_left, done.tally.missing_in_ledger, done.tally.agrees) == (2, 1, False)


def test_a_line_that_a_call_under_way_may_be_billed_for_ends_no_doubt(books: Books) -> None:
    call_id = books.doubt(characters=77)
    books.add_call(None, state=CallState.STARTED, characters=77)
    books.reconcile(write_line("x", 231, characters=77))
    assert books.get_call(call_id).state == "spend_unknown"


def test_a_request_that_is_billed_twice_is_a_finding(books: Books) -> None:
    call_id = books.add_call("a", 300)
    done = books.reconcile(write_line("a", 299, at=NOON - timedelta(minutes=1)), write_line("a", 300))
    assert (done.tally.matched, done.tally.duplicates, done.invoice.variance_usd_micros) == (1, 1, 299)
    assert [(item.verdict, item.call_id) for item in done.items] == [(Verdict.MISSING_IN_LEDGER.value, call_id)]


def test_another_vendors_call_of_the_same_request_id_is_none_of_it(books: Books, database: Database) -> None:
    open_books(database).add_call("a", 300)
    assert books.reconcile(write_line("a", 300)).tally.missing_in_ledger == 1


def test_the_same_file_is_refused_unless_it_is_wanted_again(books: Books) -> None:
    lost = books.doubt(characters=77)
    first = books.reconcile(write_line("a", 300), write_line("lost", 231, characters=77))
    with pytest.raises(InputError, match=str(first.invoice.id)):
        books.reconcile(write_line("a", 300), write_line("lost", 231, characters=77))
    books.add_call("a", 300)
    again = books.reconcile(write_line("a", 300), write_line("lost", 231, characters=77), is_repeated=True)
    assert (again.invoice.id, again.tally.agrees, again.invoice.doubts_ended) == (first.invoice.id, True, 1)
    assert [(item.call_id, item.was_doubtful) for item in again.items] == [(lost, True)]


def test_a_rehearsal_says_the_same_and_writes_nothing(books: Books, database: Database) -> None:
    call_id = books.doubt("a")
    done = books.reconcile(write_line("a", 300), is_rehearsed=True)
    assert (done.invoice.doubts_ended, [item.request_id for item in done.items]) == (1, ["a"])
    assert books.get_call(call_id).state == "spend_unknown"
    with database.transaction() as tx:
        assert tx.invoices.list_newest(books.vendor, limit=10) == []
    assert books.reconcile(write_line("a", 300)).invoice.doubts_ended == 1


def test_nothing_is_written_when_a_line_cannot_be_read(books: Books, database: Database) -> None:
    call_id = books.doubt("a")
    with pytest.raises(InputError, match=r"^Line 3 "):
        books.reconcile(write_line("a", 300), write_line("b", -1))
    assert books.get_call(call_id).state == "spend_unknown"
    with database.transaction() as tx:
        assert tx.invoices.list_newest(books.vendor, limit=10) == []


@pytest.mark.parametrize(
    "wish",
    [
        {"to_at": MONTH[0]},
        {"from_at": MONTH[0] - timedelta(days=500)},
        {"to_at": MONTH[1] + timedelta(days=300), "from_at": MONTH[1] + timedelta(days=299)},
        {"from_at": MONTH[0].replace(tzinfo=None)},
    ],
)
def test_a_span_that_is_none_is_refused(books: Books, wish: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"^(The|Give the) span"):
        books.reconcile(write_line("a", 1), **wish)


def test_what_a_doubt_came_to_is_what_its_job_has_spent(books: Books, database: Database) -> None:
    books.doubt("a")
    with database.transaction() as tx:
        tx.balances.open_hold(books.job_id, Need(1, 10_000))
    with database.transaction() as tx:
        tx.balances.release(books.job_id)
    spent = select(Hold.spent_usd_micros).where(Hold.job_id == books.job_id)
    with database.transaction() as tx:
        estimated = tx.session.scalars(spent).one()
    books.reconcile(write_line("a", 300))
    with database.transaction() as tx:
        assert tx.session.scalars(spent).one() == 300 != estimated


def test_by_an_invoice_in_the_time_of_another_zone_no_doubt_ends_as_not_billed(books: Books) -> None:
    wrong = NOON + timedelta(hours=5)
    books.add_call("a", 300)
    doubt = books.doubt(characters=77)
    done = books.reconcile(write_line("a", 300, at=wrong), write_line("lost", 231, at=wrong, characters=77))
    assert books.get_call(doubt).state == "spend_unknown"
    assert (done.tally.displaced, done.tally.doubts_left) == (1, 1)
    books.reconcile(write_line("a", 300), write_line("lost", 231, characters=77))
    assert books.get_call(doubt).cost_usd_micros == 231


def test_a_bill_that_is_made_while_an_invoice_is_compared_is_due_again(
    books: Books, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.doubt("a")
    with database.transaction() as tx:
        tx.session.execute(update(LanguageTask).values(state=LanguageState.COMPLETED.value, finished_at=NOON))
    monkeypatch.setattr("resources.database.bills.OVERLAP", timedelta())  # a comparison may take longer than any
    recount, day = Balances.recount, NOON.date()

    def bill_meanwhile(self: Balances, *jobs: uuid.UUID) -> None:
        with database.transaction() as tx:
            tx.bills.make(day)
        recount(self, *jobs)

    monkeypatch.setattr(Balances, "recount", bill_meanwhile)
    books.reconcile(write_line("a", 300))
    with database.transaction() as tx:
        tx.bills.mark_stale()
        assert list(tx.bills.list_provisional(day, day)) == [day]


def test_with_more_open_lines_than_can_be_looked_at_no_doubt_ends_by_guess(books: Books, database: Database) -> None:
    named, unnamed = books.doubt("named"), books.doubt(characters=77)
    lines = [write_line("named", 5), *(write_line(f"x{n}", 231, characters=77 + n) for n in range(3))]
    wish = Wish(books.vendor, *MONTH, "test")
    Reconciler(database, max_open=2).reconcile(write_file(*lines), wish)
    assert (books.get_call(named).state, books.get_call(unnamed).state) == ("settled", "spend_unknown")


def test_many_pages_compare_as_one_would(books: Books, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.database.invoices.PAGE", 3)
    for number in range(20):
        books.add_call(f"r{number:02}", 100 + number)
    lines = [write_line(f"r{number:02}", 100 + number + (number == 7)) for number in range(1, 20)]
    done = books.reconcile(*reversed(lines), write_line("r05", 105))
    assert (done.tally.lines, done.tally.matched, done.tally.different) == (20, 18, 1)
    assert (done.tally.duplicates, done.tally.missing_in_invoice) == (1, 1)
    with database.transaction() as tx:
        kept = select(func.count()).where(InvoiceItem.invoice_id == done.invoice.id)
        assert tx.session.scalar(kept) == 3
        assert tx.session.get_one(InvoiceRow, done.invoice.id).counts["matched"] == 18
        assert tx.session.scalar(select(func.count()).where(VendorCall.vendor == books.vendor)) == 20
