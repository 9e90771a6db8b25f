"""When a call is made again, and how long after: the one policy for every vendor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from tenacity import RetryCallState, Retrying, wait_random_exponential

from dubbing.errors import RateLimitedError, VendorError, VendorReplyError, VendorUnavailableError
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import CALL_PAUSES_S, CALL_TRIES, OUTAGE_TRIES
from resources.purchasing.orders import Order
from resources.telemetry.tracing import trace_wait

Bought = TypeVar("Bought")

FIRST_WAIT_S, LONGEST_WAIT_S = CALL_PAUSES_S

_backoff = wait_random_exponential(multiplier=2 * FIRST_WAIT_S, min=FIRST_WAIT_S, max=LONGEST_WAIT_S)


@dataclass
class Patience:
    """The tries of one call.

    A vendor that has too many calls is asked again for as long as the patience lasts, for that costs no try; one that
    is down ``OUTAGE_TRIES`` times; whatever else may pass ``CALL_TRIES`` times. Keys that are not accepted and
    accounts that are used up are not tried again; neither is a vendor that asks for a longer wait than the patience.

    Attributes:
        limit_s: how long, from now on, to wait for a vendor that is down or has too many calls.
        retries_replies: whether an answer that cannot be used is worth another call of the same.
    """

    order: Order
    limit_s: float
    retries_replies: bool = True
    _since: float = field(default_factory=monotonic, init=False)
    _failures: int = field(default=0, init=False)

    @property
    def is_over(self) -> bool:
        """Whether the vendor was waited for long enough."""
        return self._left_s <= 0

    @property
    def _left_s(self) -> float:
        return self.limit_s - (monotonic() - self._since)

    def run(self, call: Callable[[], Bought]) -> Bought:
        """Make a call until it succeeds or there is no use in trying; the last error comes through."""
        tries = Retrying(
            retry=self._is_worthwhile, wait=_plan_wait, sleep=lambda _: None, before_sleep=self._wait, reraise=True
        )
        return tries(call)

    def _is_worthwhile(self, state: RetryCallState) -> bool:
        error = _get_error(state)
        if not isinstance(error, VendorError) or not error.retryable:
            return False
        is_passing = isinstance(error, (RateLimitedError, VendorUnavailableError))
        if is_passing and (error.retry_after_s or 0.0) >= self._left_s:
            return False
        if isinstance(error, RateLimitedError):
            return True
        if isinstance(error, VendorReplyError) and not self.retries_replies:
            return False
        self._failures += 1
        return self._failures < (OUTAGE_TRIES if is_passing else CALL_TRIES)

    def _wait(self, state: RetryCallState) -> None:
        is_limited = isinstance(_get_error(state), RateLimitedError)
        waiting_on = WaitingOn.RATE_LIMIT if is_limited else WaitingOn.VENDOR
        with trace_wait(waiting_on):
            self.order.pause(waiting_on, state.upcoming_sleep)


def _plan_wait(state: RetryCallState) -> float:
    """Wait as long as the vendor asks, and a little more at random; else longer each time."""
    error = _get_error(state)
    asked_s = error.retry_after_s if isinstance(error, VendorError) else None
    if asked_s is None:
        return _backoff(state)
    return asked_s + _backoff(state) * 0.1


def _get_error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
