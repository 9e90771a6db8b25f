import threading

import pytest
from sqlalchemy import text

from dubbing.circuits import FIRST_OPENING, THRESHOLD
from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    StorageError,
    VendorRejectedError,
    VendorUnavailableError,
)
from dubbing.jobs import WaitingOn
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.gate import PARK_S
from resources.purchasing.slots import Slots
from tests.integration.purchasing.shop import Pauses, ScriptedCall, Shop, StoppedError, answer, run_all
from tests.integration.purchasing.workers import fail, start_worker
from tests.support.jobs import add_job

DOWN = VendorUnavailableError("Down.")


def read_circuit(shop):
    with shop.database.transaction() as tx:
        return tx.circuits.list_all()[shop.vendor]


def measure_opening_s(shop):
    with shop.database.transaction() as tx:
        statement = text("SELECT extract(epoch FROM open_until - changed_at) FROM vendor_circuits WHERE vendor = :v")
        return float(tx.session.scalar(statement, {"v": shop.vendor}))


def open_circuit(shop):
    fail(Shop(shop.database, shop.job_id, shop.vendor), THRESHOLD)
    assert read_circuit(shop).open_until is not None


def stop():
    raise StoppedError


def is_let_in(shop):
    perform = ScriptedCall(answer())
    try:
        shop.buy(perform, pauses=Pauses(then=stop))
    except StoppedError:
        return False
    return True


def test_failures_of_several_jobs_and_processes_open_it_together(database, shop):
    other = Shop(database, add_job(database), shop.vendor)
    worker = start_worker("fail", database, str(shop.job_id), shop.vendor, "2")
    worker.communicate("\n", timeout=60)
    assert worker.returncode == 0
    fail(other, THRESHOLD - 3)
    assert read_circuit(shop).open_until is None
    fail(shop, 1)
    assert read_circuit(shop).open_until is not None


def test_it_opens_at_the_threshold_and_not_before(shop):
    fail(shop, THRESHOLD - 1)
    assert read_circuit(shop).open_until is None
    fail(shop, 1)
    assert measure_opening_s(shop) == FIRST_OPENING.total_seconds()


def test_a_call_that_finds_it_open_parks_without_a_call_a_row_or_a_slot(database, shop):
    open_circuit(shop)
    locks = AdvisoryLocks(database)
    slots, pauses, perform = Slots(locks, shop.vendor, 1), Pauses(), ScriptedCall(answer())

    def take_the_slot_and_stop():
        with slots.hold(shop.make_order(Pauses(then=pytest.fail))):
            raise StoppedError

    shop.slots, pauses.then, before = {(shop.vendor, "synthesize"): slots}, take_the_slot_and_stop, shop.list_calls()
    with pytest.raises(StoppedError):
        shop.buy(perform, pauses=pauses)
    locks.close()
    assert (perform.calls, len(shop.list_calls())) == (0, len(before))
    assert pauses.seen == [(WaitingOn.VENDOR, PARK_S)]


def test_parked_work_goes_on_when_the_vendor_is_back(shop):
    open_circuit(shop)
    assert shop.buy(ScriptedCall(answer()), pauses=Pauses(then=shop.let_opening_end)) == "sound"


def test_after_the_opening_exactly_one_is_let_in(shop):
    open_circuit(shop)
    shop.let_opening_end()
    all_have_asked, let_in = threading.Barrier(8), []

    def answer_when_all_have_asked():
        let_in.append("one")
        all_have_asked.wait(10)
        return answer()

    def ask():
        try:
            shop.buy(answer_when_all_have_asked, pauses=Pauses(then=stop))
        except StoppedError:
            all_have_asked.wait(10)

    run_all([ask] * 8)
    assert let_in == ["one"]


def test_the_success_of_the_one_closes_it_for_all(shop):
    open_circuit(shop)
    shop.let_opening_end()
    assert is_let_in(shop)
    circuit = read_circuit(shop)
    assert (circuit.failures, circuit.openings, circuit.open_until, circuit.is_trial) == (0, 0, None, False)


def test_the_failure_of_the_one_makes_the_next_opening_twice_as_long(shop):
    open_circuit(shop)
    for times in (2, 4):
        shop.let_opening_end()
        fail(shop, 1)
        assert measure_opening_s(shop) == times * FIRST_OPENING.total_seconds()
    assert not is_let_in(Shop(shop.database, shop.job_id, shop.vendor))


@pytest.mark.parametrize("error", [RateLimitedError("Wait."), VendorRejectedError("No.")])
def test_a_vendor_that_answers_anything_is_back(shop, error):
    open_circuit(shop)
    shop.let_opening_end()
    with pytest.raises((StoppedError, VendorRejectedError)):
        shop.buy(ScriptedCall(error), pauses=Pauses(then=stop))
    assert read_circuit(shop).open_until is None


def test_a_vendor_whose_answer_could_not_be_stored_is_back_too(shop):
    def lose(given):
        raise StorageError("Full.")

    open_circuit(shop)
    shop.let_opening_end()
    with pytest.raises(StorageError):
        shop.buy(ScriptedCall(answer()), store=lose)
    assert read_circuit(shop).open_until is None


def test_one_whose_outcome_is_never_known_is_followed_by_another_one(shop):
    open_circuit(shop)
    shop.let_opening_end()
    with pytest.raises(ValueError, match="bug"):
        shop.buy(ScriptedCall(ValueError("bug")))
    assert not is_let_in(shop)
    shop.let_opening_end()
    assert is_let_in(shop)


def test_what_has_no_price_does_not_use_up_the_trial(shop):
    open_circuit(shop)
    shop.let_opening_end()
    with pytest.raises(Exception, match="no price"):
        shop.buy(ScriptedCall(answer()), call=shop.make_call(estimate={"ms": 1}))
    assert is_let_in(shop)


def test_work_is_parked_no_longer_than_its_patience_over_all_its_tries(shop):
    open_circuit(shop)
    shop.patience_s, perform, pauses = 0.3, ScriptedCall(answer()), Pauses(then=threading.Event().is_set)
    with pytest.raises(VendorUnavailableError, match="has not answered for a long time"):
        shop.buy(perform, pauses=pauses)
    assert perform.calls == 0
    assert {waiting_on for waiting_on, _ in pauses.seen} == {WaitingOn.VENDOR}


def test_failures_without_an_answer_count_and_ask_for_a_longer_opening(shop):
    shop.patience_s = 0.0
    fail(shop, THRESHOLD - 1)
    with pytest.raises((OutcomeUnknownError, VendorUnavailableError)):
        shop.buy(ScriptedCall(OutcomeUnknownError("Cut.", retry_after_s=100.0)))
    assert measure_opening_s(shop) == 100.0


@pytest.mark.parametrize("is_closed_meanwhile", [False, True])
def test_calls_under_way_when_it_opened_change_nothing_when_they_fail_too(shop, is_closed_meanwhile):
    under_way, go_on = threading.Barrier(THRESHOLD + 2), threading.Event()
    straggling = Shop(shop.database, shop.job_id, shop.vendor, patience_s=0.0)

    def straggle():
        under_way.wait(10)
        assert go_on.wait(10)
        raise DOWN

    def call():
        with pytest.raises(VendorUnavailableError):
            straggling.buy(straggle)

    def meanwhile():
        under_way.wait(10)
        open_circuit(shop)
        if is_closed_meanwhile:
            shop.let_opening_end()
            assert is_let_in(shop)
        seen.append(read_circuit(shop))
        go_on.set()

    seen = []
    run_all([call] * (THRESHOLD + 1) + [meanwhile])
    assert read_circuit(shop) == seen[0]


def test_vendors_that_never_failed_have_no_row_and_need_none(shop):
    assert is_let_in(shop)
    with shop.database.transaction() as tx:
        assert shop.vendor not in tx.circuits.list_all()
