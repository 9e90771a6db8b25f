"""When a call is made again, and how long after: the one policy for every vendor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from tenacity import RetryCallState, Retrying, wait_random_exponential

from dubbing.errors import RateLimitedError, VendorError, VendorReplyError, VendorUnavailableError
from dubbing.jobs import WaitingOn
from resources.purchasing.orders import Order

Bought = TypeVar("Bought")

MAX_TRIES = 4
"""How often one call is made before its error counts, refusals for too many calls aside."""

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0
"""Bounds of the wait between two tries, seconds; drawn at random up to twice as much each time, so that many callers
who were refused together do not come back together."""

LONGEST_ASKED_WAIT_S = 120.0
"""Longest wait that a vendor's Retry-After is heeded for, seconds; then the call is tried all the same."""

_backoff = wait_random_exponential(multiplier=2 * FIRST_WAIT_S, min=FIRST_WAIT_S, max=LONGEST_WAIT_S)


@dataclass
class Patience:
    """The tries of one call.

    A vendor that has too many calls is asked again for as long as the patience lasts, for that costs no try; whatever
    else may pass is tried ``MAX_TRIES`` times. Keys that are not accepted and accounts that are used up are not.

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
        return monotonic() - self._since >= self.limit_s

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
        if isinstance(error, (RateLimitedError, VendorUnavailableError)) and self.is_over:
            return False
        if isinstance(error, RateLimitedError):
            return True
        if isinstance(error, VendorReplyError) and not self.retries_replies:
            return False
        self._failures += 1
        return self._failures < MAX_TRIES

    def _wait(self, state: RetryCallState) -> None:
        is_limited = isinstance(_get_error(state), RateLimitedError)
        self.order.pause(WaitingOn.RATE_LIMIT if is_limited else WaitingOn.VENDOR, state.upcoming_sleep)


def _plan_wait(state: RetryCallState) -> float:
    """Wait as long as the vendor asks, and a little more at random; else longer each time."""
    error = _get_error(state)
    asked_s = error.retry_after_s if isinstance(error, VendorError) else None
    if asked_s is None:
        return _backoff(state)
    return min(asked_s, LONGEST_ASKED_WAIT_S) + _backoff(state) * 0.1


def _get_error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
