import threading
import uuid

import pytest

from dubbing.errors import VendorRejectedError
from dubbing.jobs import WaitingOn
from resources.purchasing import claims as claims_module
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from tests.integration.purchasing.shop import Pauses, ScriptedCall, StoppedError, answer, run_all
from tests.integration.purchasing.workers import claim_and_buy, start_worker


@pytest.fixture
def claims(database):
    locks = AdvisoryLocks(database)
    yield Claims(locks)
    locks.close()


@pytest.fixture
def key():
    return uuid.uuid4().hex


def test_threads_that_want_the_same_make_one_call(shop, claims, key):
    perform, bought = ScriptedCall(answer()), []

    def get():
        with claims.hold(key, shop.make_order(Pauses(lasts=True))):
            if not bought:
                bought.append(shop.buy(perform))

    run_all([get] * 8)
    assert perform.calls == 1


def test_processes_that_want_the_same_make_one_call(database, shop, key):
    workers = [start_worker("claim", database, str(shop.job_id), shop.vendor, key) for _ in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    claim_and_buy(database, shop, key)
    for worker in workers:
        worker.communicate(timeout=60)
        assert worker.returncode == 0
    assert shop.get_call().state == "settled"


def test_when_the_first_fails_the_second_tries(shop, claims, key):
    begun, calls = threading.Event(), []

    def fail():
        with claims.hold(key, shop.make_order()):
            begun.set()
            calls.append("first")
            shop.buy(ScriptedCall(VendorRejectedError("No.")))

    def try_again():
        assert begun.wait(10)
        with claims.hold(key, shop.make_order(Pauses(lasts=True))):
            calls.append("second")
            shop.buy(ScriptedCall(answer()))

    def fail_first():
        with pytest.raises(VendorRejectedError):
            fail()

    run_all([fail_first, try_again])
    assert calls == ["first", "second"]
    assert [call.state for call in shop.list_calls()] == ["failed", "settled"]


def test_other_things_are_bought_meanwhile(shop, claims, key):
    with claims.hold(key, shop.make_order()), claims.hold(f"{key}-other", shop.make_order()):
        pass


def test_work_that_is_to_end_while_it_waits_ends_and_claims_nothing(shop, claims, key):
    def stop():
        raise StoppedError

    waiting = claims.hold(key, shop.make_order(Pauses(then=stop)))
    with claims.hold(key, shop.make_order()), pytest.raises(StoppedError), waiting:
        pass
    with claims.hold(key, shop.make_order(Pauses(then=stop))):
        pass


def test_a_wait_for_another_ones_purchase_is_shown_once_it_lasts(shop, claims, key, monkeypatch):
    monkeypatch.setattr(claims_module, "QUIET_S", 0.05)
    pauses = Pauses()

    def stop_when_shown():
        if pauses.seen[-1][0] is not None:
            raise StoppedError

    pauses.then = stop_when_shown
    waiting = claims.hold(key, shop.make_order(pauses))
    with claims.hold(key, shop.make_order()), pytest.raises(StoppedError), waiting:
        pass
    assert pauses.seen[0][0] is None
    assert pauses.seen[-1][0] == WaitingOn.QUEUE
