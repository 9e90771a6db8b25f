"""Invoices and what comparing them gave; the lines of one that is being compared, and the calls they are held against.

Lines wait in a table of the transaction's own, which goes with it.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import psycopg
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from dubbing.reconciling import (
    CLOCK_SKEW,
    WORKED_ON,
    Finding,
    InvoiceLine,
    LedgerCall,
    Span,
    Standing,
)
from resources.database.job_lock import number_lock
from resources.database.money_tables import InvoiceItem, InvoiceRow
from resources.database.positions import Position
from resources.database.tables import CallState, VendorCall

PAGE = 5_000
"""Requests that are looked at at once."""

_LINES = Table(
    "invoice_lines_read",
    MetaData(),
    Column("request_id", Text(collation="C")),
    Column("model", Text),
    Column("usage", JSONB),
    Column("usd_micros", BigInteger),
    Column("at", DateTime(timezone=True)),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)

_STANDINGS = {CallState.STARTED.value: Standing.UNDER_WAY, CallState.SPEND_UNKNOWN.value: Standing.DOUBTFUL}

_CALL = (
    VendorCall.id,
    VendorCall.vendor_request_id,
    VendorCall.model,
    VendorCall.usage,
    VendorCall.state,
    VendorCall.cost_usd_micros,
    VendorCall.started_at,
    VendorCall.settled_at,
)

_MAY_BE_BILLED = or_(
    VendorCall.state.in_((CallState.STARTED.value, CallState.SPEND_UNKNOWN.value)), VendorCall.cost_usd_micros > 0
)


class Invoices:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_turn(self) -> datetime:
        """Wait until no other invoice is being compared, until the transaction ends; the value is the time."""
        self._session.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": number_lock("comparing an invoice")}
        )
        now: datetime = self._session.scalars(select(func.clock_timestamp())).one()
        return now

    def find(self, invoice_id: uuid.UUID) -> InvoiceRow | None:
        """Find a comparison."""
        return self._session.get(InvoiceRow, invoice_id)

    def find_same(self, vendor: str, sha256: str) -> InvoiceRow | None:
        """Find the comparison of this very file."""
        same = select(InvoiceRow).where(InvoiceRow.vendor == vendor, InvoiceRow.sha256 == sha256)
        return self._session.scalars(same).one_or_none()

    def list_newest(
        self, vendor: str | None = None, *, after: Position | None = None, limit: int
    ) -> Sequence[InvoiceRow]:
        """Return comparisons, the newest first; ``after`` is the last one of the page before."""
        statement = select(InvoiceRow).order_by(InvoiceRow.compared_at.desc(), InvoiceRow.id.desc())
        if vendor is not None:
            statement = statement.where(InvoiceRow.vendor == vendor)
        if after is not None:
            place = tuple_(InvoiceRow.compared_at, InvoiceRow.id)
            statement = statement.where(place < tuple_(after.at, after.id))
        return self._session.scalars(statement.limit(limit)).all()

    def list_items(self, invoice_id: uuid.UUID, *, after: Position | None = None, limit: int) -> Sequence[InvoiceItem]:
        """Return what a comparison found, the oldest first; ``after`` is the last one of the page before."""
        statement = select(InvoiceItem).where(InvoiceItem.invoice_id == invoice_id)
        if after is not None:
            place = tuple_(InvoiceItem.at, InvoiceItem.id)
            statement = statement.where(place > tuple_(after.at, after.id))
        return self._session.scalars(statement.order_by(InvoiceItem.at, InvoiceItem.id).limit(limit)).all()

    def add(self, invoice: InvoiceRow) -> None:
        """Begin a comparison."""
        self._session.add(invoice)
        self._session.flush()

    def clear_items(self, invoice_id: uuid.UUID) -> None:
        """Forget what a comparison found before it is made anew; which doubts it ended stays."""
        stays = InvoiceItem.was_doubtful & InvoiceItem.ledger_usd_micros.is_not(None)
        self._session.execute(delete(InvoiceItem).where(InvoiceItem.invoice_id == invoice_id, ~stays))

    def record_findings(self, invoice_id: uuid.UUID, findings: Iterable[Finding]) -> None:
        """Keep what is to be reported."""
        rows = [_describe(invoice_id, finding) for finding in findings if finding.is_remarkable]
        if rows:
            self._session.execute(insert(InvoiceItem), rows)

    def end_doubts(self, findings: Iterable[Finding]) -> set[uuid.UUID]:
        """Write down what calls in doubt came to; a call of which something was heard meanwhile keeps that.

        Returns:
            The jobs that they are of.
        """
        ended = [finding for finding in findings if finding.ends_doubt]
        calls = VendorCall.__table__
        statement = update(VendorCall.__table__).where(  # type: ignore[arg-type]
            calls.c.id == bindparam("call"), calls.c.state == CallState.SPEND_UNKNOWN.value
        )
        billed = [
            {
                "call": finding.call.call_id,
                "cost": finding.ledger_usd_micros,
                "used": dict(finding.line.usage or finding.call.usage),
            }
            for finding in ended
            if finding.call is not None and finding.line is not None
        ]
        unbilled = [{"call": finding.call.call_id} for finding in ended if finding.call and finding.line is None]
        if billed:
            values = {"cost_usd_micros": bindparam("cost"), "usage": bindparam("used", type_=JSONB)}
            settled = statement.values(state=CallState.SETTLED.value, reconciled_at=func.clock_timestamp(), **values)
            self._session.execute(settled, billed)
        if unbilled:
            failed = statement.values(state=CallState.FAILED.value, reconciled_at=func.clock_timestamp())
            self._session.execute(failed, unbilled)
        ids = [finding.call.call_id for finding in ended if finding.call is not None]
        return set(self._session.scalars(select(VendorCall.job_id).where(VendorCall.id.in_(ids)).distinct()))

    def date_ends(self, since: datetime) -> None:
        """Date the ends of doubts of this comparison now, right before it can be seen.

        A comparison may take minutes, and a bill that is made meanwhile knows nothing of them; dated earlier they would
        seem to be in it.

        Args:
            since: when this comparison took its turn.
        """
        ended = update(VendorCall).where(VendorCall.reconciled_at >= since)
        self._session.execute(
            ended.values(reconciled_at=func.clock_timestamp()), execution_options={"synchronize_session": False}
        )

    def name_calls(self, names: Mapping[uuid.UUID, str]) -> None:
        """Write down by which request id the vendor knows calls."""
        calls = VendorCall.__table__
        statement = update(calls).where(calls.c.id == bindparam("call")).values(vendor_request_id=bindparam("name"))  # type: ignore[arg-type]
        if names:
            self._session.execute(statement, [{"call": call, "name": name} for call, name in names.items()])

    def load_lines(self, lines: Iterable[InvoiceLine]) -> int:
        """Put the lines of an invoice where they can be compared; returns how many."""
        connection = self._session.connection()
        _LINES.create(connection)
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError("the engine speaks psycopg")
        count = 0
        columns = ", ".join(column.name for column in _LINES.columns)
        with driver.cursor() as cursor, cursor.copy(f"COPY {_LINES.name} ({columns}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row((line.request_id, line.model, json.dumps(dict(line.usage)), line.usd_micros, line.at))
                count += 1
        connection.execute(text(f"CREATE INDEX ON {_LINES.name} (request_id)"))
        connection.execute(text(f"ANALYZE {_LINES.name}"))
        return count

    def list_pages(self, vendor: str) -> Iterator[tuple[list[InvoiceLine], list[LedgerCall]]]:
        """Return all lines, part by part, each with all calls that have their request ids."""
        last = ""
        while True:
            named = select(_LINES.c.request_id).where(_LINES.c.request_id > last).distinct()
            ids = self._session.scalars(named.order_by(_LINES.c.request_id).limit(PAGE)).all()
            if not ids:
                return
            lines = select(_LINES).where(_LINES.c.request_id > last, _LINES.c.request_id <= ids[-1])
            calls = select(*_CALL).where(VendorCall.vendor == vendor, VendorCall.vendor_request_id.in_(ids))
            yield [_read_line(row) for row in self._session.execute(lines)], self._list_calls(calls)
            last = ids[-1]

    def list_unclaimed(self, vendor: str, *, limit: int) -> list[InvoiceLine]:
        """Return lines whose request id no call has."""
        claimed = exists().where(VendorCall.vendor == vendor, VendorCall.vendor_request_id == _LINES.c.request_id)
        return [_read_line(row) for row in self._session.execute(select(_LINES).where(~claimed).limit(limit))]

    def list_unnamed(self, vendor: str, span: Span, *, limit: int) -> list[LedgerCall]:
        """Return calls without a request id that a line of the span may be of."""
        calls = select(*_CALL).where(
            VendorCall.vendor == vendor,
            VendorCall.vendor_request_id.is_(None),
            _MAY_BE_BILLED,
            VendorCall.started_at < span.to_at + CLOCK_SKEW,
            or_(VendorCall.settled_at.is_(None), VendorCall.settled_at >= span.from_at - WORKED_ON),
        )
        return self._list_calls(calls.limit(limit))

    def list_absent(self, vendor: str, span: Span, standing: Standing) -> Iterator[list[LedgerCall]]:
        """Return the calls of the span that no line is of, part by part: those of known cost, or those in doubt."""
        listed = exists().where(_LINES.c.request_id == VendorCall.vendor_request_id)
        is_doubtful = VendorCall.state == CallState.SPEND_UNKNOWN.value
        calls = select(*_CALL).where(
            VendorCall.vendor == vendor,
            is_doubtful if standing is Standing.DOUBTFUL else ~is_doubtful & (VendorCall.cost_usd_micros > 0),
            VendorCall.started_at < span.to_at,
            VendorCall.settled_at >= span.from_at,
            ~listed,
        )
        for page in self._session.execute(calls, execution_options={"yield_per": PAGE}).partitions():
            yield [_read_call(row) for row in page]

    def _list_calls(self, statement: Select[tuple[object, ...]]) -> list[LedgerCall]:
        return [_read_call(row) for row in self._session.execute(statement)]


def _read_line(row: Row[tuple[object, ...]]) -> InvoiceLine:
    return InvoiceLine(row.request_id, row.model, row.usage, row.usd_micros, row.at)


def _read_call(row: Row[tuple[object, ...]]) -> LedgerCall:
    return LedgerCall(
        call_id=row.id,
        request_id=row.vendor_request_id,
        model=row.model,
        usage=row.usage,
        standing=_STANDINGS.get(row.state, Standing.KNOWN),
        usd_micros=row.cost_usd_micros,
        started_at=row.started_at,
        ended_at=row.settled_at,
    )


def _describe(invoice_id: uuid.UUID, finding: Finding) -> dict[str, object]:
    line, call = finding.line, finding.call
    about = line or call
    if about is None:
        raise ValueError("a finding is of a line or of a call")
    return {
        "id": uuid.uuid4(),
        "invoice_id": invoice_id,
        "verdict": finding.verdict.value,
        "request_id": about.request_id,
        "call_id": call.call_id if call is not None else None,
        "model": about.model,
        "at": line.at if line is not None else call.started_at if call is not None else None,
        "invoiced_usd_micros": line.usd_micros if line is not None else None,
        "ledger_usd_micros": finding.ledger_usd_micros,
        "was_doubtful": finding.was_doubtful,
    }
