"""The ledger of calls: a row before each, closed by what the reply, or the error, says of the bill."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from dubbing.engines import LOCAL
from dubbing.errors import (
    DubbingError,
    OutcomeUnknownError,
    VendorError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.usage import Receipt, Usage, measure_cost
from resources.database.connection import UnitOfWork
from resources.database.prices import PriceSet
from resources.database.tables import VendorCall
from resources.purchasing.orders import Order

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be made.

    Attributes:
        model: as what it is priced.
        engine: by what its result is named.
        estimate: what it will use at most, about.
    """

    vendor: str
    model: str
    operation: str
    engine: str
    content_key: str
    estimate: Usage


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that is in the ledger.

    Attributes:
        price: None for what costs nothing.
        began_at: by the database's clock; None where no circuit is asked.
        latency_ms: how long the engine took to answer; None while it has not.
    """

    call_id: uuid.UUID
    call: Call
    price: PriceSet | None = None
    began_at: datetime | None = None
    latency_ms: int | None = None


def begin_call(tx: UnitOfWork, order: Order, call: Call) -> tuple[Begun | None, timedelta]:
    """Write a call down before it is made, unless the vendor is to be left alone for a while.

    Returns:
        The row, or None and how long to wait.

    Raises:
        SettingsError: there is no price for it.
        SpendLimitReachedError: there is no money for it.
    """
    price, began_at = None, None
    if call.vendor != LOCAL:
        entry, began_at = tx.circuits.enter(call.vendor)
        if entry.wait:
            return None, entry.wait
        price = tx.prices.get_current(call.vendor, call.model, call.estimate.keys())
    estimated = _price(call.estimate, price)
    if estimated:
        tx.balances.admit_call(order.job_id, estimated)
    row = VendorCall(
        job_id=order.job_id,
        language=order.language,
        vendor=call.vendor,
        model=call.model,
        operation=call.operation,
        engine=call.engine,
        content_key=call.content_key,
        usage=dict(call.estimate),
        estimated_usd_micros=estimated,
        price_effective_from=price.effective_from if price else None,
    )
    return Begun(tx.purchases.start_call(row), call, price, began_at), timedelta()


def _price(usage: Usage, price: PriceSet | None) -> int:
    return measure_cost(usage, price.prices) if price is not None else 0


def settle_call(tx: UnitOfWork, begun: Begun, receipt: Receipt, *, error_code: str | None = None) -> None:
    """Close a call that is billed, with what its reply says that it used.

    Where a vendor's reply does not say, or names a unit that has no price, the bill is not known and is left to
    reconciling.
    """
    latency_ms = begun.latency_ms
    if begun.price is None:
        used = Receipt(receipt.usage or begun.call.estimate, receipt.request_id)
        tx.purchases.settle_call(begun.call_id, used, 0, error_code=error_code, latency_ms=latency_ms)
    elif (cost := find_cost(begun, receipt)) is not None:
        tx.purchases.settle_call(begun.call_id, receipt, cost, error_code=error_code, latency_ms=latency_ms)
    else:
        logger.warning("A reply of %s does not say what it used in units that have a price.", begun.call.vendor)
        tx.purchases.doubt_call(begun.call_id, error_code or VendorReplyError.code, receipt, latency_ms=latency_ms)


def find_cost(begun: Begun, receipt: Receipt) -> int | None:
    """Price what a reply says that it used; None where it does not say, or names a unit that has no price."""
    if begun.price is None:
        return 0
    if receipt.usage and receipt.usage.keys() <= begun.price.prices.keys():
        return measure_cost(receipt.usage, begun.price.prices)
    return None


def get_code(error: BaseException) -> str:
    """Name an error in the ledger."""
    return error.code if isinstance(error, DubbingError) else DubbingError.code


def record_crash(begun: Begun, tx: UnitOfWork) -> None:
    """Close a call that was broken off on our side, perhaps after the vendor had it."""
    if begun.call.vendor == LOCAL:
        tx.purchases.fail_call(begun.call_id, DubbingError.code)
    else:
        tx.purchases.doubt_call(begun.call_id, DubbingError.code)


def record_failure(begun: Begun, error: DubbingError, tx: UnitOfWork) -> None:
    """Close a call by what its error says of the bill, and let the circuit hear of a vendor that is down."""
    receipt = error.receipt if isinstance(error, VendorError) else None
    if isinstance(error, OutcomeUnknownError) or (isinstance(error, VendorReplyError) and receipt is None):
        tx.purchases.doubt_call(begun.call_id, error.code, receipt, latency_ms=begun.latency_ms)
    elif receipt is not None:
        settle_call(tx, begun, receipt, error_code=error.code)
    else:
        tx.purchases.fail_call(begun.call_id, error.code, latency_ms=begun.latency_ms)
    if begun.began_at is not None and isinstance(error, (VendorUnavailableError, OutcomeUnknownError)):
        tx.circuits.record_failure(begun.call.vendor, began_at=begun.began_at, retry_after_s=error.retry_after_s)
    elif isinstance(error, VendorError):
        record_success(begun, tx)  # it answers, if not as we like


def record_success(begun: Begun, tx: UnitOfWork) -> None:
    """Let the circuit hear of a vendor that answers."""
    if begun.began_at is not None:
        tx.circuits.record_success(begun.call.vendor, began_at=begun.began_at)
