"""What tests of buying need: a vendor of their own with a price, calls by script, pauses that are only written down.

A scripted call proves how the gate treats what a vendor's adapter gives or raises; not that an adapter raises it.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import select, text

from dubbing.engines import Answer
from dubbing.jobs import WaitingOn
from dubbing.usage import Receipt, Usage
from resources.database.connection import Database, UnitOfWork
from resources.database.tables import PriceRow, VendorCall
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order
from resources.purchasing.slots import Slots
from tests.support.jobs import add_job
from tests.support.waiting import wait_for

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MODEL = "model"

Given = TypeVar("Given")


class StoppedError(Exception):
    """The work is to end, as a stage says it."""


@dataclass
class Pauses:
    """Writes down how work waits, and lets no time pass unless it is told to."""

    lasts: bool = False
    then: Callable[[], None] = lambda: None
    seen: list[tuple[WaitingOn | None, float]] = field(default_factory=list)
    calls_under_way: int = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        self.calls_under_way += 1
        try:
            yield
        finally:
            self.calls_under_way -= 1

    def __call__(self, waiting_on: WaitingOn | None, seconds: float) -> None:
        self.seen.append((waiting_on, seconds))
        self.then()
        if self.lasts:
            threading.Event().wait(seconds)


class ScriptedCall:
    """Gives or raises one thing after the other; the last one for ever."""

    def __init__(self, *outcomes: object) -> None:
        self._outcomes = list(outcomes)
        self.calls = 0

    def __call__(self) -> Answer[Any]:
        self.calls += 1
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, Answer)
        return outcome


@dataclass
class Shop:
    """A vendor that nobody else knows, a job that buys from it, and the gate between them."""

    database: Database
    job_id: uuid.UUID
    vendor: str
    patience_s: float = 600.0
    outage_patience_s: float = 0.0
    slots: Mapping[tuple[str, str], Slots] = field(default_factory=dict)

    @property
    def gate(self) -> VendorGate:
        return VendorGate(
            self.database, self.slots, patience_s=self.patience_s, outage_patience_s=self.outage_patience_s
        )

    def make_call(self, content_key: str | None = None, *, estimate: Usage | None = None) -> Call:
        key = content_key or uuid.uuid4().hex
        return Call(self.vendor, MODEL, "synthesize", "engine", key, estimate or {"characters": 100})

    def make_order(self, pauses: Pauses | None = None) -> Order:
        pauses = pauses or Pauses()
        return Order(self.job_id, "es", pauses, pauses.working)

    def buy(self, perform: Callable[[], Answer[Any]], *, pauses: Pauses | None = None, **more: Any) -> Any:
        """Buy what needs no store and is kept nowhere."""
        order, call = self.make_order(pauses), more.pop("call", None) or self.make_call()
        store, record = more.pop("store", keep_as_it_is), more.pop("record", keep_nothing)
        return self.gate.buy(order, call, perform, store, record, **more)

    def list_calls(self) -> Sequence[VendorCall]:
        """The vendor's rows of the ledger, oldest first."""
        with self.database.transaction() as tx:
            rows = select(VendorCall).where(VendorCall.vendor == self.vendor).order_by(VendorCall.started_at)
            return list(tx.session.scalars(rows))

    def get_call(self) -> VendorCall:
        (row,) = self.list_calls()
        return row

    def add_price(self, usd_micros: int, *, since: datetime = LONG_AGO, unit: str = "characters") -> None:
        with self.database.transaction() as tx:
            tx.session.add(
                PriceRow(
                    vendor=self.vendor,
                    model=MODEL,
                    effective_from=since,
                    unit=unit,
                    usd_micros=usd_micros,
                    per_units=1000,
                    source="test",
                )
            )

    def read_found_again(self, operation: str) -> tuple[int, int]:
        """How often something was not bought again, in the whole database, and what it had cost."""
        with self.database.transaction() as tx:
            totals = {row.name: row for row in tx.totals.list() if row.labels == (operation,)}
        if not totals:
            return 0, 0
        return totals["dubline_found_again_total"].events, totals["dubline_saved_usd_micros_total"].amount

    def let_opening_end(self) -> None:
        """Put the end of the opening, or of the trial, into the past."""
        with self.database.transaction() as tx:
            tx.session.execute(
                text("UPDATE vendor_circuits SET open_until = clock_timestamp() - interval '1 s' WHERE vendor = :v"),
                {"v": self.vendor},
            )


def open_shop(database: Database, *, usd_micros: int | None = 30_000) -> Shop:
    """Make a vendor whose characters cost so much a thousand, or have no price."""
    shop = Shop(database, add_job(database), f"vendor-{uuid.uuid4().hex}")
    if usd_micros is not None:
        shop.add_price(usd_micros)
    return shop


def answer(value: object = "sound", characters: int | None = 90) -> Answer[Any]:
    """What a vendor says to a call that it bills."""
    return Answer(value, Receipt({"characters": characters} if characters is not None else {}, "req-1"))


def keep_as_it_is(value: Any) -> Any:
    return value


def keep_nothing(tx: UnitOfWork, bought: object) -> None:
    pass


def run_all(works: Sequence[Callable[[], Given]]) -> list[Given]:
    """Run works at the same time, each in a thread of its own; raises what one of them raises."""
    outcomes: list[Future[Given]] = [Future() for _ in works]
    for work, outcome in zip(works, outcomes, strict=True):
        # Not a pool: one that waits for ever would keep the whole process from ending.
        threading.Thread(target=_run, args=(work, outcome), daemon=True).start()
    return [outcome.result(60) for outcome in outcomes]


def _run(work: Callable[[], Given], outcome: "Future[Given]") -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised where the outcome is asked for
        outcome.set_exception(error)


def cut(database: Database, number: int) -> None:
    """End the session that has a lock, as a failover or an administrator does."""
    held = {"high": (number >> 32) & 0xFFFFFFFF, "low": number & 0xFFFFFFFF}
    find = text(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND classid = CAST(:high AS bigint)::oid AND objid = CAST(:low AS bigint)::oid"
    )
    with database.open_session() as connection:  # within a transaction pg_stat_activity never changes
        pids = list(connection.scalars(find, held))
        assert len(pids) == 1
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pids[0]})
        left = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
        wait_for(lambda: not connection.scalar(left, {"pid": pids[0]}), "the session to end")
