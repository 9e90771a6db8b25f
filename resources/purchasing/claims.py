"""Who buys a thing: one at a time, in this process or another; whoever waited finds it bought."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from dubbing.jobs import WaitingOn
from resources.database.job_lock import number_lock
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.orders import Order
from resources.telemetry.tracing import trace_wait

POLL_S = 0.1
"""Time between two looks whether the other one is done, seconds."""

QUIET_S = 1.0
"""A wait that is shorter than this is not shown, seconds."""


class Claims:
    """Claims to content keys."""

    def __init__(self, locks: AdvisoryLocks) -> None:
        self._locks = locks

    @contextmanager
    def hold(self, content_key: str, order: Order) -> Iterator[None]:
        """Be the only one who buys this, for as long as the context lasts.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        number, since = number_lock(f"buy:{content_key}"), monotonic()
        with trace_wait(WaitingOn.QUEUE):
            while (claim := self._locks.take_one([number])) is None:
                order.pause(WaitingOn.QUEUE if monotonic() - since > QUIET_S else None, POLL_S)
        try:
            yield
        finally:
            self._locks.release(claim)
