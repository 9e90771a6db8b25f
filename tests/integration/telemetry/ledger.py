"""Calls and events put straight into the tables, and what the exporter makes of them."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from dubbing.reconciling import Finding, InvoiceLine, LedgerCall, Standing, Verdict
from dubbing.usage import Receipt
from resources.database.connection import Database
from resources.database.tables import JobEvent, VendorCall
from resources.telemetry.counters import TotalsCollector
from resources.telemetry.scrape import Scrape
from tests.support.jobs import add_job

LABELS = {"vendor": "vendor", "model": "model", "operation": "synthesize"}


@dataclass
class Ledger:
    """One job and its calls."""

    database: Database
    job_id: uuid.UUID

    def begin(self, **columns: object) -> uuid.UUID:
        given = {"vendor": "vendor", "model": "model", "operation": "synthesize", "content_key": "key", **columns}
        with self.database.transaction() as tx:
            return tx.purchases.start_call(VendorCall(job_id=self.job_id, engine="engine", **given))

    def settle(self, call_id: uuid.UUID, cost: int, **more: object) -> None:
        with self.database.transaction() as tx:
            tx.purchases.settle_call(call_id, Receipt({"characters": 1}, "req"), cost, **more)

    def fail(self, call_id: uuid.UUID, _cost: int = 0) -> None:
        with self.database.transaction() as tx:
            tx.purchases.fail_call(call_id, "vendor_rejected")

    def doubt(self, call_id: uuid.UUID, _cost: int = 0) -> None:
        with self.database.transaction() as tx:
            tx.purchases.doubt_call(call_id, "outcome_unknown", latency_ms=7)

    def abandon(self, _call_id: uuid.UUID, _cost: int = 0) -> None:
        with self.database.transaction() as tx:
            tx.purchases.close_abandoned(self.job_id)

    def reconcile(self, call_id: uuid.UUID, cost: int) -> None:
        """End a doubt as an invoice does: it bills the call, or, for nothing, lacks it."""
        with self.database.transaction() as tx:
            row = tx.session.get_one(VendorCall, call_id)
            since = tx.invoices.take_turn()
            call = LedgerCall(call_id, "req", "model", {}, Standing.DOUBTFUL, 0, row.started_at, row.settled_at)
            line = InvoiceLine("req", "model", {}, cost, row.started_at) if cost else None
            tx.invoices.end_doubts([Finding(Verdict.MATCHED, line, call, cost)])
            tx.invoices.date_ends(since)

    def list_calls(self) -> list[VendorCall]:
        with self.database.transaction() as tx:
            return list(tx.session.scalars(select(VendorCall)))


def open_ledger(database: Database) -> Ledger:
    return Ledger(database, add_job(database))


def get_now(database: Database) -> datetime:
    """A horizon for who knows that nobody writes."""
    with database.transaction() as tx:
        now: datetime = tx.session.scalars(select(func.clock_timestamp())).one()
        return now


def count(database: Database, until: datetime | None = None) -> bool:
    until = until or get_now(database)
    with database.transaction() as tx:
        return tx.totals.count(until)


def read_totals(database: Database, name: str) -> Counter[tuple[str, ...]]:
    """Events and amount of a metric, by labels and which of the two."""
    with database.transaction() as tx:
        totals = Counter[tuple[str, ...]]()
        for row in tx.totals.list():
            if row.name == name:
                totals[(*row.labels, "events")] += row.events
                totals[(*row.labels, "amount")] += row.amount
        return totals


def scrape(database: Database) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a scrape says, by name and labels of the sample."""
    answer = Scrape({"totals": TotalsCollector(database)}).render().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer)
        for sample in family.samples
    }


def add_event(database: Database, job_id: uuid.UUID, type_: str, at: datetime, language: str | None = None) -> None:
    with database.transaction() as tx:
        tx.session.add(JobEvent(job_id=job_id, type=type_, at=at, language=language))
