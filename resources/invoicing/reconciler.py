"""Holds an invoice against the ledger in one transaction: all of it is written, or nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from dubbing.errors import InputError
from dubbing.reconciling import CLOCK_SKEW, Span, Standing, Tally, judge_absent, judge_lines, measure_tally, name_calls
from resources.database.connection import Database, UnitOfWork
from resources.database.money_tables import InvoiceItem, InvoiceRow
from resources.invoicing.invoice_file import measure_invoice, read_invoice

MARGIN = timedelta(hours=1)
"""How far inside an invoice's span a call must lie to be on it for certain, where nothing else is said."""

MAX_SPAN = timedelta(days=400)

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first call of any installation."""

MAX_OPEN = 10_000
"""Lines that no call claims, or calls without a request id, up to which it is asked whose is whose.

With more of them an invoice is not of this installation; then no doubt without a request id ends.
"""

ITEMS_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be compared, and how.

    Attributes:
        by: who wants it: the id of a person, or the name of an operator's command.
        is_repeated: compare anew what was compared before.
        is_rehearsed: find out what would come of it, and write nothing.
    """

    vendor: str
    from_at: datetime
    to_at: datetime
    by: str
    margin: timedelta = MARGIN
    is_repeated: bool = False
    is_rehearsed: bool = False

    @property
    def span(self) -> Span:
        """The time that the invoice speaks of."""
        return Span(self.from_at, self.to_at, self.margin)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it.

    Attributes:
        tally: of this comparison alone; the invoice counts the doubts that an earlier one of it ended too.
        items: what is to be looked at, the oldest first; the first `ITEMS_SHOWN`.
    """

    invoice: InvoiceRow
    tally: Tally
    items: Sequence[InvoiceItem]


class Reconciler:
    """Compares invoices with the ledger of one database."""

    def __init__(self, database: Database, *, max_open: int = MAX_OPEN) -> None:
        self._database = database
        self._max_open = max_open

    def reconcile(self, file: BinaryIO, wish: Wish) -> Reconciled:
        """Compare an invoice with the ledger, write down what is found, and end the doubts that it answers.

        A call whose cost is known keeps it, whatever the invoice says.

        Args:
            file: CSV, from its beginning; it must be able to go back there.

        Raises:
            InputError: a span that is none, a file that cannot be read, or one that was compared before.
        """
        sha256 = measure_invoice(file)
        with self._database.transaction() as tx:
            now = tx.invoices.take_turn()
            _check_span(wish, now)
            invoice = self._begin(tx, wish, sha256, now)
            lines = tx.invoices.load_lines(read_invoice(file, wish.vendor, wish.span))
            tally, jobs = self._compare(tx, invoice.id, wish)
            invoice.lines = lines
            invoice.counts = {name: count for name, count in asdict(tally).items() if not name.endswith("_usd_micros")}
            invoice.invoiced_usd_micros, invoice.ledger_usd_micros = tally.invoiced_usd_micros, tally.ledger_usd_micros
            invoice.variance_usd_micros = tally.variance_usd_micros
            invoice.doubts_ended += tally.doubts_ended
            tx.balances.recount(*jobs)
            tx.session.flush()
            items = tx.invoices.list_items(invoice.id, limit=ITEMS_SHOWN)
            tx.invoices.date_ends(now)
            if wish.is_rehearsed:
                tx.session.expunge_all()
                tx.session.rollback()
        return Reconciled(invoice, tally, items)

    def _begin(self, tx: UnitOfWork, wish: Wish, sha256: str, now: datetime) -> InvoiceRow:
        same = tx.invoices.find_same(wish.vendor, sha256)
        if same is None:
            same = InvoiceRow(id=uuid.uuid4(), vendor=wish.vendor, sha256=sha256, lines=0, doubts_ended=0)
            same.invoiced_usd_micros = same.ledger_usd_micros = same.variance_usd_micros = 0
        elif not wish.is_repeated:
            raise InputError(
                f"This invoice was compared on {same.compared_at:%Y-%m-%d %H:%M} UTC, as {same.id}; "
                "ask for it again to compare it anew."
            )
        else:
            tx.invoices.clear_items(same.id)
        same.from_at, same.to_at, same.compared_by = wish.from_at, wish.to_at, wish.by
        same.compared_at = now
        tx.invoices.add(same)
        return same

    def _compare(self, tx: UnitOfWork, invoice_id: uuid.UUID, wish: Wish) -> tuple[Tally, set[uuid.UUID]]:
        unclaimed = tx.invoices.list_unclaimed(wish.vendor, limit=self._max_open + 1)
        unnamed = tx.invoices.list_unnamed(wish.vendor, wish.span, limit=self._max_open + 1)
        is_ours = max(len(unclaimed), len(unnamed)) <= self._max_open
        names = name_calls(unclaimed, unnamed) if is_ours else {}
        tx.invoices.name_calls(names)
        left = [line for line in unclaimed if line.request_id not in set(names.values())] if is_ours else None
        tally, jobs = Tally(), set[uuid.UUID]()
        for lines, calls in tx.invoices.list_pages(wish.vendor):
            findings = list(judge_lines(lines, calls))
            tally += measure_tally(findings)
            tx.invoices.record_findings(invoice_id, findings)
            jobs |= tx.invoices.end_doubts(findings)
        for standing in (Standing.KNOWN, Standing.DOUBTFUL):  # what is known tells whether the invoice is complete
            open_lines = left if tally.is_complete else None
            for absent in tx.invoices.list_absent(wish.vendor, wish.span, standing):
                findings = list(judge_absent(absent, wish.span, open_lines))
                tally += measure_tally(findings)
                tx.invoices.record_findings(invoice_id, findings)
                jobs |= tx.invoices.end_doubts(findings)
        return tally, jobs


def _check_span(wish: Wish, now: datetime) -> None:
    if wish.from_at.tzinfo is None or wish.to_at.tzinfo is None:
        raise InputError("Give the span of the invoice with an offset from UTC.")
    if not wish.from_at < wish.to_at:
        raise InputError("The span of the invoice must begin before it ends.")
    if wish.from_at < EARLIEST:
        raise InputError(f"The span of the invoice begins before {EARLIEST:%Y}, when there was nothing to bill.")
    if wish.to_at - wish.from_at > MAX_SPAN:
        raise InputError(f"The span of the invoice is longer than {MAX_SPAN.days} days; give it in parts.")
    if wish.to_at > now + CLOCK_SKEW:
        raise InputError("The span of the invoice ends in the future; end it when the invoice was made.")
    if wish.margin < timedelta():
        raise InputError("The margin cannot be less than nothing.")
