"""Comparisons of invoices with the ledger, for an operator: as the service, after the token was looked at."""

import uuid
from datetime import timedelta
from typing import BinaryIO

from api.access import Access
from api.cursors import cut_page, parse_cursor, render_cursor
from api.reconciliations.replies import build_detail_reply, build_reconciliation_reply
from api.reconciliations.schemas import (
    FindingListQuery,
    ReconcileQuery,
    ReconciliationDetailReply,
    ReconciliationListQuery,
    ReconciliationPage,
)
from dubbing.errors import NotFoundError
from resources.database.positions import Position
from resources.invoicing.reconciler import ITEMS_SHOWN, Reconciler, Wish

NO_SUCH_RECONCILIATION = "There is no such comparison of an invoice."


def list_all(access: Access, query: ReconciliationListQuery) -> ReconciliationPage:
    """Return a page of comparisons."""
    after = parse_cursor(query.cursor)
    with access.container.database.transaction() as tx:
        found = tx.invoices.list_newest(query.vendor, after=after, limit=query.limit + 1)
    shown, next_cursor = cut_page(found, query.limit, lambda invoice: Position(invoice.compared_at, invoice.id))
    return ReconciliationPage(items=[build_reconciliation_reply(invoice) for invoice in shown], next_cursor=next_cursor)


def read(access: Access, invoice_id: uuid.UUID, query: FindingListQuery) -> ReconciliationDetailReply:
    """Return a comparison and some of its findings.

    Raises:
        NotFoundError: there is none.
    """
    after = parse_cursor(query.cursor)
    with access.container.database.transaction() as tx:
        invoice = tx.invoices.find(invoice_id)
        items = tx.invoices.list_items(invoice_id, after=after, limit=query.limit + 1)
    if invoice is None:
        raise NotFoundError(NO_SUCH_RECONCILIATION)
    return build_detail_reply(invoice, *cut_page(items, query.limit, lambda item: Position(item.at, item.id)))


def reconcile(access: Access, file: BinaryIO, query: ReconcileQuery) -> ReconciliationDetailReply:
    """Compare an invoice with the ledger.

    Raises:
        InputError: see `Reconciler.reconcile`.
    """
    wish = Wish(
        vendor=query.vendor,
        from_at=query.since,
        to_at=query.until,
        by=str(access.caller.user_id),
        margin=timedelta(minutes=query.margin_minutes),
        is_repeated=query.again,
        is_rehearsed=query.dry_run,
    )
    done = Reconciler(access.container.database).reconcile(file, wish)
    is_full = len(done.items) == ITEMS_SHOWN and not query.dry_run
    last = Position(done.items[-1].at, done.items[-1].id) if is_full else None
    return build_detail_reply(done.invoice, done.items, render_cursor(last) if last is not None else None)
