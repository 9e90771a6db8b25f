import pytest

from dubbing.circuits import THRESHOLD
from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    VendorAuthError,
    VendorQuotaError,
    VendorRejectedError,
    VendorUnavailableError,
)
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import CALL_TRIES, OUTAGE_TRIES
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.slots import Slots
from tests.integration.purchasing.shop import Pauses, ScriptedCall, StoppedError, answer


def stop():
    raise StoppedError


def list_outcomes(shop):
    return [(row.state, row.error_code) for row in shop.list_calls()]


@pytest.mark.parametrize("kind", [VendorAuthError, VendorQuotaError, VendorRejectedError])
def test_a_refusal_for_good_is_one_row_and_no_wait(shop, kind):
    perform, pauses = ScriptedCall(kind("No.")), Pauses()
    with pytest.raises(kind):
        shop.buy(perform, pauses=pauses)
    assert list_outcomes(shop) == [("failed", kind.code)]
    assert (perform.calls, pauses.seen) == (1, [])


def test_every_try_of_what_may_pass_is_a_row_of_its_own(shop):
    perform = ScriptedCall(OutcomeUnknownError("Cut."))
    with pytest.raises(OutcomeUnknownError):
        shop.buy(perform)
    assert list_outcomes(shop) == [("spend_unknown", OutcomeUnknownError.code)] * CALL_TRIES
    assert perform.calls == CALL_TRIES


def test_a_single_caller_opens_the_circuit_of_a_vendor_that_is_down_and_is_there_when_it_is_back(shop):
    parked = []

    def wait() -> None:
        if list_outcomes(shop).count(("failed", "vendor_unavailable")) >= THRESHOLD:
            parked.append("parked")
            shop.let_opening_end()

    perform = ScriptedCall(*[VendorUnavailableError("Down.")] * (OUTAGE_TRIES - 1), answer())
    assert shop.buy(perform, pauses=Pauses(then=wait)) == "sound"
    assert perform.calls == OUTAGE_TRIES
    assert len(parked) >= OUTAGE_TRIES - THRESHOLD


def test_a_vendor_with_too_many_calls_is_waited_for_as_long_as_it_asks_and_costs_no_try(shop):
    limited, pauses = RateLimitedError("Wait.", retry_after_s=7.0), Pauses()
    down = VendorUnavailableError("Down.")
    assert shop.buy(ScriptedCall(*[limited] * 3, *[down] * (CALL_TRIES - 1), answer()), pauses=pauses) == "sound"
    assert [seen[0] for seen in pauses.seen] == [WaitingOn.RATE_LIMIT] * 3 + [WaitingOn.VENDOR] * (CALL_TRIES - 1)
    assert all(seconds >= 7.0 for _, seconds in pauses.seen[:3])
    assert list_outcomes(shop)[:3] == [("failed", "rate_limited")] * 3
    assert list_outcomes(shop)[-1] == ("settled", None)


def test_no_slot_is_held_between_two_tries(database, shop):
    locks = AdvisoryLocks(database)
    slots, had = Slots(locks, shop.vendor, 1), []

    def take_the_slot():
        with slots.hold(shop.make_order(Pauses(then=stop))):
            had.append("slot")

    shop.slots = {(shop.vendor, "synthesize"): slots}
    shop.buy(ScriptedCall(RateLimitedError("Wait."), answer()), pauses=Pauses(then=take_the_slot))
    locks.close()
    assert had == ["slot"]


def test_a_call_is_made_in_a_slot(database, shop):
    locks = AdvisoryLocks(database)
    slots = Slots(locks, shop.vendor, 1)

    def perform():
        with pytest.raises(StoppedError), slots.hold(shop.make_order(Pauses(then=stop))):
            pass
        return answer()

    shop.slots = {(shop.vendor, "synthesize"): slots}
    shop.buy(perform)
    locks.close()


def test_work_that_is_to_end_while_it_waits_makes_no_further_call(shop):
    perform = ScriptedCall(RateLimitedError("Wait."))
    with pytest.raises(StoppedError):
        shop.buy(perform, pauses=Pauses(then=stop))
    assert perform.calls == 1


def test_the_order_is_told_that_work_goes_on_during_each_call_and_not_between_two(database, shop):
    locks = AdvisoryLocks(database)
    shop.slots = {(shop.vendor, "synthesize"): Slots(locks, shop.vendor, 1)}
    script, pauses, seen = ScriptedCall(RateLimitedError("Wait."), answer()), Pauses(), []
    pauses.then = lambda: seen.append(("waits", pauses.calls_under_way))

    def perform():
        seen.append(("calls", pauses.calls_under_way))
        return script()

    def store(given):
        seen.append(("stores", pauses.calls_under_way))
        return given

    shop.buy(perform, pauses=pauses, store=store)
    locks.close()
    assert seen == [("calls", 1), ("waits", 0), ("calls", 1), ("stores", 1)]
    assert pauses.calls_under_way == 0
