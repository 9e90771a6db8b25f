"""What the commands on invoices do: compare, ask the database, and print what came of it."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from api.reconciliations.replies import build_detail_reply, build_reconciliation_reply
from api.reconciliations.schemas import FindingReply, ReconciliationDetailReply, ReconciliationReply
from api.reconciliations.service import NO_SUCH_RECONCILIATION
from cli.exit_codes import INVOICE_DIFFERS
from cli.money import render_usd
from dubbing.errors import FileMissingError, InputError, NotFoundError
from resources.container import Container
from resources.invoicing.emulated import open_emulated_invoice
from resources.invoicing.reconciler import MARGIN, Reconciler, Wish
from resources.settings import Settings, load_settings

BY = "dubline reconcile"
EMULATED_DAYS = 30
WIDTH = 150


def build_wish(
    vendor: str,
    from_: datetime | None,
    to: datetime | None,
    margin_minutes: int | None,
    *,
    is_emulated: bool,
    is_repeated: bool,
    is_rehearsed: bool,
) -> Wish:
    """Say what is to be compared; the emulator knows all that it billed, up to now.

    Raises:
        InputError: no span.
    """
    now = datetime.now(UTC)
    if is_emulated:
        from_, to = from_ or now - timedelta(days=EMULATED_DAYS), to or now
    if from_ is None or to is None:
        raise InputError("Say with --from and --to what time the invoice is about.")
    usual = timedelta() if is_emulated else MARGIN
    margin = timedelta(minutes=margin_minutes) if margin_minutes is not None else usual
    return Wish(vendor, _in_utc(from_), _in_utc(to), BY, margin, is_repeated, is_rehearsed)


def run_reconcile(wish: Wish, file: Path | None, *, is_emulated: bool, as_json: bool) -> int:
    """Compare an invoice with the ledger, and print what is found.

    Returns:
        0, or 6 where they differ.

    Raises:
        InputError: no invoice, or two, or one that cannot be read; a FileMissingError where there is none.
        VendorUnavailableError: the emulator is not there.
    """
    if (file is None) is not is_emulated:
        raise InputError("Give the invoice as a file, or say --emulator.")
    settings = load_settings()
    with _open(settings, wish, file) as invoice, Container(settings) as container:
        done = Reconciler(container.database).reconcile(invoice, wish)
    return _print_page(
        build_detail_reply(done.invoice, done.items, None), as_json=as_json, is_rehearsed=wish.is_rehearsed
    )


def run_list(vendor: str | None, *, limit: int, as_json: bool) -> int:
    """Print comparisons."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        found = [build_reconciliation_reply(each) for each in tx.invoices.list_newest(vendor, limit=limit)]
    if as_json:
        _print_json([each.model_dump(mode="json") for each in found])
    else:
        _console().print(_build_list(found) if found else "No invoice was held against the ledger yet.")
    return 0


def run_show(invoice_id: uuid.UUID, *, limit: int, as_json: bool) -> int:
    """Print a comparison.

    Returns:
        0, or 6 where invoice and ledger differ.

    Raises:
        NotFoundError: there is none.
    """
    with Container(load_settings()) as container, container.database.transaction() as tx:
        invoice = tx.invoices.find(invoice_id)
        items = tx.invoices.list_items(invoice_id, limit=limit)
    if invoice is None:
        raise NotFoundError(NO_SUCH_RECONCILIATION)
    return _print_page(build_detail_reply(invoice, items, None), as_json=as_json)


def _open(settings: Settings, wish: Wish, file: Path | None) -> AbstractContextManager[BinaryIO]:
    return open_emulated_invoice(settings, wish.vendor, wish.span) if file is None else _open_file(file)


@contextmanager
def _open_file(file: Path) -> Iterator[BinaryIO]:
    if not file.is_file():
        raise FileMissingError(f"There is no file {file.name}; check the path.")
    try:
        stream = file.open("rb")
    except OSError:
        raise InputError(f"The invoice {file.name} cannot be read; check its permissions.") from None
    with stream:
        yield stream


def _print_page(reply: ReconciliationDetailReply, *, as_json: bool, is_rehearsed: bool = False) -> int:
    if as_json:
        _print_json(reply.model_dump(mode="json", exclude={"next_cursor"}))
    else:
        console = _console()
        console.print(_build_summary(reply))
        if reply.items:
            console.print(_build_findings(reply.items))
        if is_rehearsed:
            console.print("Nothing was written.")
    return 0 if reply.agrees else INVOICE_DIFFERS


def _build_list(found: Sequence[ReconciliationReply]) -> Table:
    table = Table(Column("reconciliation", min_width=36), "compared", "vendor", "from", "to", box=box.SIMPLE_HEAD)
    for name in ("lines", "invoice", "ledger", "variance", "doubts ended", ""):
        table.add_column(name)
    for each in found:
        table.add_row(
            str(each.id),
            f"{each.compared_at:%Y-%m-%d %H:%M:%S}",
            each.vendor,
            f"{each.since:%Y-%m-%d}",
            f"{each.until:%Y-%m-%d}",
            str(each.lines),
            render_usd(each.invoiced_usd_micros),
            render_usd(each.ledger_usd_micros),
            _render_variance(each.variance_usd_micros),
            str(each.doubts_ended),
            "agrees" if each.agrees else "differs",
        )
    return table


def _build_summary(reply: ReconciliationReply) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    repeated = f", {reply.duplicates} of them billed twice" if reply.duplicates else ""
    rows = {
        "reconciliation": reply.id,
        "vendor": reply.vendor,
        "from, to": f"{reply.since:%Y-%m-%d %H:%M:%S}, {reply.until:%Y-%m-%d %H:%M:%S} UTC",
        "compared": f"{reply.compared_at:%Y-%m-%d %H:%M:%S} UTC, by {reply.compared_by}",
        "lines": f"{reply.lines}: {reply.matched} matched, {reply.different} different, "
        f"{reply.missing_in_ledger} missing in the ledger{repeated}",
        "missing in the invoice": reply.missing_in_invoice,
        "doubts": f"{reply.doubts_ended} ended, {reply.doubts_left} left",
        "invoice": render_usd(reply.invoiced_usd_micros),
        "ledger": render_usd(reply.ledger_usd_micros),
        "variance": _render_variance(reply.variance_usd_micros),
        "so": "they agree" if reply.agrees else "they differ",
    }
    for name, value in rows.items():
        table.add_row(name, escape(str(value)))
    return table


def _build_findings(items: Sequence[FindingReply]) -> Table:
    table = Table("what", "at", "request id", "call", "model", "invoice", "ledger", box=box.SIMPLE_HEAD)
    for item in items:
        table.add_row(
            item.outcome.replace("_", " "),
            f"{item.at:%Y-%m-%d %H:%M:%S}",
            escape(item.request_id or ""),
            str(item.call_id or ""),
            escape(item.model),
            _render_sum(item.invoiced_usd_micros),
            _render_sum(item.ledger_usd_micros),
        )
    return table


def _render_sum(usd_micros: int | None) -> str:
    return render_usd(usd_micros) if usd_micros is not None else ""


def _render_variance(usd_micros: int) -> str:
    return f"{'-' if usd_micros < 0 else '+' if usd_micros > 0 else ''}{render_usd(abs(usd_micros))}"


def _console() -> Console:
    # Ids are there to be copied: on a narrow screen lines are broken, not cut.
    return Console(width=max(Console().width, WIDTH))


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
