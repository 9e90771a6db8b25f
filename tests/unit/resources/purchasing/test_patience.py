import uuid

import pytest

from dubbing.circuits import THRESHOLD
from dubbing.errors import (
    ContentRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    RecognitionError,
    ReplyCutShortError,
    VendorAuthError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import CALL_TRIES, OUTAGE_TRIES
from resources.purchasing.orders import Order
from resources.purchasing.patience import LONGEST_WAIT_S, Patience


class Caller:
    """Fails as it is told to and then succeeds; writes down how it was made to wait."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.calls = 0
        self.waits: list[tuple[WaitingOn | None, float]] = []

    def run(self, *, limit_s: float = 600.0, retries_replies: bool = True) -> str:
        order = Order(uuid.uuid4(), None, lambda waiting_on, seconds: self.waits.append((waiting_on, seconds)))
        return Patience(order, limit_s, retries_replies).run(self._call)

    def _call(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "bought"


def fail_always(error: Exception, **more: object) -> Caller:
    caller = Caller(*[error] * 50)
    with pytest.raises(type(error)):
        caller.run(**more)
    return caller


@pytest.mark.parametrize(
    ("kind", "tries"),
    [
        (VendorUnavailableError, OUTAGE_TRIES),
        (OutcomeUnknownError, CALL_TRIES),
        (VendorReplyError, CALL_TRIES),
        (ReplyCutShortError, CALL_TRIES),
    ],
)
def test_what_may_pass_is_tried_so_many_times(kind, tries):
    caller = fail_always(kind("m"))
    assert caller.calls == tries
    assert [waiting_on for waiting_on, _ in caller.waits] == [WaitingOn.VENDOR] * (tries - 1)


def test_an_outage_opens_the_circuit_before_a_single_caller_gives_up():
    assert OUTAGE_TRIES > THRESHOLD


@pytest.mark.parametrize(
    "error",
    [
        VendorAuthError("m"),
        VendorQuotaError("m"),
        VendorRejectedError("m"),
        ContentRefusedError("m"),
        RecognitionError("m"),
        ValueError(),
    ],
)
def test_what_no_trying_helps_is_tried_once(error):
    caller = fail_always(error)
    assert (caller.calls, caller.waits) == (1, [])


def test_refusals_for_too_many_calls_cost_no_try():
    limited, down = RateLimitedError("m"), VendorUnavailableError("m")
    caller = Caller(*[limited] * 20, *[down] * (CALL_TRIES - 1), *[limited] * 20)
    assert caller.run() == "bought"
    assert caller.waits[0][0] == WaitingOn.RATE_LIMIT


def test_refusals_for_too_many_calls_are_not_waited_for_beyond_the_patience():
    assert fail_always(RateLimitedError("m"), limit_s=0.0).calls == 1


def test_a_vendor_that_is_down_is_not_waited_for_beyond_the_patience():
    assert fail_always(VendorUnavailableError("m"), limit_s=0.0).calls == 1


def test_a_reply_that_cannot_be_used_is_not_asked_for_again_where_that_is_no_use():
    assert fail_always(VendorReplyError("m"), retries_replies=False).calls == 1


def test_the_vendor_is_waited_for_at_least_as_long_as_it_asks():
    caller = Caller(RateLimitedError("m", retry_after_s=7.0), VendorUnavailableError("m", retry_after_s=9.0))
    caller.run()
    asked = [7.0, 9.0]
    assert all(wanted < seconds < wanted + 3 for wanted, (_, seconds) in zip(asked, caller.waits, strict=True))


@pytest.mark.parametrize("kind", [RateLimitedError, VendorUnavailableError])
def test_a_vendor_that_asks_for_more_time_than_there_is_patience_is_given_up_at_once(kind):
    caller = fail_always(kind("m", retry_after_s=601.0))
    assert (caller.calls, caller.waits) == (1, [])


def test_waits_grow_within_bounds_however_many_there_are():
    caller = Caller(*[RateLimitedError("m")] * 1200)
    caller.run()
    waits = [seconds for _, seconds in caller.waits]
    assert max(waits) <= LONGEST_WAIT_S
    assert max(waits[:2]) <= 2.0 < max(waits)


@pytest.mark.parametrize("error", [RateLimitedError("m"), RateLimitedError("m", retry_after_s=1.0)])
def test_callers_that_were_refused_together_do_not_come_back_together(error):
    callers = [Caller(error) for _ in range(20)]
    for caller in callers:
        caller.run()
    assert len({caller.waits[0][1] for caller in callers}) > 1
