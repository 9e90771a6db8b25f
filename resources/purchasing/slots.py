"""So many calls at once and no more, over all runs on all machines."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from dubbing.jobs import WaitingOn
from resources.database.job_lock import number_slot
from resources.purchasing.advisory_locks import AdvisoryLock, AdvisoryLocks
from resources.purchasing.orders import Order
from resources.telemetry.tracing import trace_wait

POLL_S = 0.025
"""Time between two looks for a slot that another process has given back, seconds."""

QUIET_S = 1.0
"""A wait that is shorter than this is not shown, seconds."""


class Slots:
    """The slots of one kind of call to one vendor.

    Only one thread of a process looks for a slot at a time; the others queue behind it, so that waiting costs the
    same however many wait.
    """

    def __init__(self, locks: AdvisoryLocks, name: str, count: int) -> None:
        self._locks = locks
        self._numbers = tuple(number_slot(name, slot) for slot in range(count))
        self._turn = threading.Lock()
        self._given_back = threading.Event()

    @contextmanager
    def hold(self, order: Order) -> Iterator[None]:
        """Wait for a slot, and have it for as long as the context lasts.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        with trace_wait(WaitingOn.RATE_LIMIT):
            slot = self._wait(order)
        try:
            yield
        finally:
            self._locks.release(slot)
            self._given_back.set()

    def _wait(self, order: Order) -> AdvisoryLock:
        since = monotonic()
        while not self._turn.acquire(timeout=POLL_S * 10):
            order.pause(_show(since), 0.0)
        try:
            while (slot := self._locks.take_one(self._numbers)) is None:
                order.pause(_show(since), 0.0)
                self._given_back.wait(POLL_S)
                self._given_back.clear()
            return slot
        finally:
            self._turn.release()


def _show(since: float) -> WaitingOn | None:
    return WaitingOn.RATE_LIMIT if monotonic() - since > QUIET_S else None
