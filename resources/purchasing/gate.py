"""The one way to a vendor: a slot, a closed circuit, a row in the ledger, the call, and what it came to.

Every try is a row of its own, written before the call and closed after it in the transaction that keeps what it bought.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
    wait_fixed,
)

from dubbing.engines import Answer
from dubbing.errors import DatabaseUnavailableError, DubbingError, VendorUnavailableError
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import PARKED_PAUSES_S, Outage, get_rule
from resources.database.connection import Database, UnitOfWork
from resources.purchasing.ledger import (
    Begun,
    Call,
    begin_call,
    find_cost,
    get_code,
    record_crash,
    record_failure,
    record_success,
    settle_call,
)
from resources.purchasing.orders import Order
from resources.purchasing.patience import Patience
from resources.purchasing.slots import Slots
from resources.telemetry.tracing import Attribute, describe_span, span, trace_wait

logger = structlog.stdlib.get_logger()

Given = TypeVar("Given")
Bought = TypeVar("Bought")

PARK_S = 5.0
"""Longest single wait of parked work, seconds; then it looks again whether the vendor is back."""

CLOSING_TRIES = 4
CLOSING_WAIT_S = 1.0
"""How often, and how many seconds apart, writing down a call that was made is tried: what it bought hangs on it."""


class VendorGate:
    """Makes calls.

    Args:
        slots: by vendor and operation; none where nothing limits it.
        patience_s: how long a call waits for a vendor that is down or has too many calls.
        outage_patience_s: how long what was bought waits for a store that is away or a disk that is full.
    """

    def __init__(
        self,
        database: Database,
        slots: Mapping[tuple[str, str], Slots],
        *,
        patience_s: float,
        outage_patience_s: float = 0.0,
    ) -> None:
        self._database = database
        self._slots = slots
        self._patience_s = patience_s
        self._outage_patience_s = outage_patience_s

    def buy(
        self,
        order: Order,
        call: Call,
        perform: Callable[[], Answer[Given]],
        store: Callable[[Given], Bought],
        record: Callable[[UnitOfWork, Bought], None],
        *,
        retries_replies: bool = True,
    ) -> Bought:
        """Make a call until it succeeds, and keep what it gave.

        Args:
            perform: one call; an error says by its kind whether it was billed and may pass.
            store: makes of the answer what is kept; whatever happens here, the call is billed.
            record: keeps it, in the transaction that settles the bill.
            retries_replies: whether an answer that cannot be used is worth another call of the same.

        Raises:
            DubbingError: the last error of the call.
            SettingsError: there is no price for it.
            SpendLimitReachedError: there is no money for it.
        """
        patience = Patience(order, self._patience_s, retries_replies)
        return patience.run(lambda: self._buy_once(order, call, perform, store, record, patience))

    def _buy_once(
        self,
        order: Order,
        call: Call,
        perform: Callable[[], Answer[Given]],
        store: Callable[[Given], Bought],
        record: Callable[[UnitOfWork, Bought], None],
        patience: Patience,
    ) -> Bought:
        while True:
            with ExitStack() as slot:
                slot.enter_context(self._hold_slot(order, call))
                begun, wait = self._begin(order, call)
                if begun is not None:
                    with order.working(), _trace_call(order, begun):
                        begun, answer = self._perform(begun, perform)
                        describe_span(_tell_cost(begun, answer))
                    slot.close()  # what is left to do is ours: the vendor can have the next call
                    return self._keep(order, begun, answer, store, record)
            self._park(order, call, wait, patience)

    def _hold_slot(self, order: Order, call: Call) -> AbstractContextManager[None]:
        slots = self._slots.get((call.vendor, call.operation))
        return slots.hold(order) if slots is not None else nullcontext()

    def _begin(self, order: Order, call: Call) -> tuple[Begun | None, timedelta]:
        with self._database.transaction() as tx:
            return begin_call(tx, order, call)

    def _park(self, order: Order, call: Call, wait: timedelta, patience: Patience) -> None:
        if patience.is_over:
            raise VendorUnavailableError(f"{call.vendor} has not answered for a long time; run the job again later.")
        with trace_wait(WaitingOn.VENDOR):
            order.pause(WaitingOn.VENDOR, min(wait.total_seconds(), PARK_S))

    def _perform(self, begun: Begun, perform: Callable[[], Answer[Given]]) -> tuple[Begun, Answer[Given]]:
        since = monotonic()
        try:
            answer = perform()
        except DubbingError as error:
            answered = _answered(begun, since, error.code)
            self._close(partial(record_failure, answered, error))
            raise
        except BaseException:
            _answered(begun, since, DubbingError.code)
            self._close(partial(record_crash, begun))
            raise
        return _answered(begun, since), answer

    def _keep(
        self,
        order: Order,
        begun: Begun,
        answer: Answer[Given],
        store: Callable[[Given], Bought],
        record: Callable[[UnitOfWork, Bought], None],
    ) -> Bought:
        def settle(tx: UnitOfWork, error_code: str | None = None) -> None:
            settle_call(tx, begun, answer.receipt, error_code=error_code)
            record_success(begun, tx)

        def keep(tx: UnitOfWork) -> None:
            record(tx, bought)
            settle(tx)

        try:
            bought = self._put_away(order, lambda: store(answer.value))
            self._close(keep)
        except BaseException as error:  # whatever it is, the vendor bills the call
            self._close(partial(settle, error_code=get_code(error)))
            raise
        return bought

    def _put_away(self, order: Order, store: Callable[[], Bought]) -> Bought:
        """Find a place for what is paid; where the store is away or the disk is full, it is kept at hand meanwhile."""

        def attempt() -> Bought:
            with order.working():
                return store()

        def pause(state: RetryCallState) -> None:
            order.pause(_find_wait(state.outcome.exception() if state.outcome else None), state.upcoming_sleep)

        first_s, longest_s = PARKED_PAUSES_S
        tries = Retrying(
            retry=retry_if_exception(lambda error: _find_wait(error) is not None),
            wait=wait_exponential_jitter(initial=first_s, max=longest_s),
            stop=stop_after_delay(self._outage_patience_s),
            sleep=lambda _: None,
            before_sleep=pause,
            reraise=True,
        )
        return tries(attempt)

    def _close(self, record: Callable[[UnitOfWork], None]) -> None:
        """Write down what became of a call; a database that is gone for a moment does not lose it."""
        tries = Retrying(
            retry=retry_if_exception_type(DatabaseUnavailableError),
            stop=stop_after_attempt(CLOSING_TRIES),
            wait=wait_fixed(CLOSING_WAIT_S),
            reraise=True,
        )
        for attempt in tries:
            with attempt, self._database.transaction() as tx:
                record(tx)


def _trace_call(order: Order, begun: Begun) -> AbstractContextManager[None]:
    """Trace one try; all else about it is in the ledger, by its id."""
    call = begun.call
    told: dict[str, Attribute] = {
        "job": str(order.job_id),
        "vendor": call.vendor,
        "operation": call.operation,
        "model": call.model,
        "call": str(begun.call_id),
    }
    if order.language is not None:
        told["language"] = order.language
    return span(f"call {call.vendor} {call.operation}", attributes=told, kind="client")


def _tell_cost(begun: Begun, answer: Answer[Given]) -> dict[str, Attribute]:
    cost = find_cost(begun, answer.receipt)
    return {} if cost is None else {"cost_usd_micros": cost}


def _answered(begun: Begun, since: float, outcome: str = "ok") -> Begun:
    """Note how long an answer took, and log it."""
    answered = replace(begun, latency_ms=round((monotonic() - since) * 1000))
    about = {"vendor": begun.call.vendor, "operation": begun.call.operation}
    logger.debug("call.ended", **about, latency_ms=answered.latency_ms, outcome=outcome)
    return answered


def _find_wait(error: BaseException | None) -> WaitingOn | None:
    """Say what a failure to keep something waits for; None where waiting is no use."""
    waits_for = get_rule(error.code).waits_for if isinstance(error, DubbingError) else None
    return WaitingOn(waits_for.value) if waits_for in {Outage.STORE, Outage.DISK} else None
