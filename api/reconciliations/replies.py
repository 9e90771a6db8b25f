"""From what a comparison gave to the bodies that operators read."""

from collections.abc import Sequence

from api.reconciliations.schemas import FindingReply, Outcome, ReconciliationDetailReply, ReconciliationReply
from dubbing.reconciling import Verdict
from resources.database.money_tables import InvoiceItem, InvoiceRow

_AGREES_WITHOUT = ("different", "missing_in_ledger", "missing_in_invoice")


def build_reconciliation_reply(invoice: InvoiceRow) -> ReconciliationReply:
    """Describe a comparison."""
    counts = {name: int(invoice.counts.get(name, 0)) for name in (*_AGREES_WITHOUT, "matched", "duplicates")}
    return ReconciliationReply(
        id=invoice.id,
        vendor=invoice.vendor,
        since=invoice.from_at,
        until=invoice.to_at,
        compared_at=invoice.compared_at,
        compared_by=invoice.compared_by,
        sha256=invoice.sha256,
        agrees=not any(counts[name] for name in _AGREES_WITHOUT),
        lines=invoice.lines,
        **counts,
        doubts_left=int(invoice.counts.get("doubts_left", 0)),
        doubts_ended=invoice.doubts_ended,
        invoiced_usd_micros=invoice.invoiced_usd_micros,
        ledger_usd_micros=invoice.ledger_usd_micros,
        variance_usd_micros=invoice.variance_usd_micros,
    )


def build_detail_reply(
    invoice: InvoiceRow, items: Sequence[InvoiceItem], next_cursor: str | None
) -> ReconciliationDetailReply:
    """Describe a comparison with some of what it found."""
    summary = build_reconciliation_reply(invoice)
    return ReconciliationDetailReply(
        **summary.model_dump(), items=[build_finding_reply(item) for item in items], next_cursor=next_cursor
    )


def build_finding_reply(item: InvoiceItem) -> FindingReply:
    """Describe what is to be looked at."""
    return FindingReply(
        outcome=_name_outcome(item),
        request_id=item.request_id,
        call_id=item.call_id,
        model=item.model,
        at=item.at,
        invoiced_usd_micros=item.invoiced_usd_micros,
        ledger_usd_micros=item.ledger_usd_micros,
    )


def _name_outcome(item: InvoiceItem) -> Outcome:
    if item.was_doubtful:
        if item.verdict == Verdict.MATCHED.value:
            return "doubt_billed"
        return "doubt_left" if item.ledger_usd_micros is None else "doubt_not_billed"
    match Verdict(item.verdict):
        case Verdict.DIFFERENT:
            return "different"
        case Verdict.MISSING_IN_INVOICE:
            return "missing_in_invoice"
        case _:
            return "duplicate" if item.call_id is not None else "missing_in_ledger"
