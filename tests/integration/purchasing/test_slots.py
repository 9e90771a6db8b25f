import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text

from dubbing.jobs import WaitingOn
from resources.database.connection import Database
from resources.database.job_lock import number_lock
from resources.purchasing import slots as slots_module
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.orders import Order
from resources.purchasing.slots import Slots
from tests.integration.purchasing.shop import Pauses, StoppedError, cut
from tests.integration.purchasing.workers import CAP, call_in_slots, make_scratch_tables, start_worker
from tests.support.waiting import wait_for


@pytest.fixture
def locks(database: Database) -> Iterator[AdvisoryLocks]:
    locks = AdvisoryLocks(database)
    yield locks
    locks.close()


@pytest.fixture
def name(database: Database) -> str:
    make_scratch_tables(database)
    return uuid.uuid4().hex


def make_order(pauses: Pauses | None = None) -> Order:
    return Order(uuid.uuid4(), None, pauses or Pauses())


@contextmanager
def hold_all(slots: Slots) -> Iterator[None]:
    with ExitStack() as held:
        for _ in range(CAP):
            held.enter_context(slots.hold(make_order()))
        yield


def read_counted(database: Database, name: str) -> list[int]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT at_once FROM counted WHERE name = :name"), {"name": name}))


def stop_waiting() -> None:
    raise StoppedError


def test_twenty_threads_of_one_process_never_hold_more_than_there_are(database, name):
    call_in_slots(database, name, threads=20, rounds=3)
    counted = read_counted(database, name)
    assert len(counted) == 60
    assert max(counted) == CAP


def test_three_processes_of_eight_threads_never_hold_more_than_there_are_and_all_get_through(database, name):
    workers = [start_worker("slots", database, name, "8", "3") for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    counted = read_counted(database, name)
    assert len(counted) == 72
    assert max(counted) == CAP


def test_a_process_that_is_killed_gives_its_slots_back(database, name, locks):
    worker = start_worker("hold", database, name, str(CAP))
    try:
        assert worker.stdout.readline() == "ready\n"
        worker.stdin.write("\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "held\n"
        slots = Slots(locks, name, CAP)
        with pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
            pass
    finally:
        worker.kill()
        worker.communicate()
    with hold_all(slots):
        assert worker.returncode < 0


def test_kinds_of_calls_do_not_take_each_others_slots(locks, name):
    with hold_all(Slots(locks, name, CAP)), hold_all(Slots(locks, f"{name}-other", CAP)):
        pass


def test_work_that_is_to_end_while_it_waits_keeps_neither_slot_nor_turn(locks, name):
    slots = Slots(locks, name, CAP)
    with hold_all(slots), pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
        pass
    with hold_all(slots):
        pass


def test_work_that_is_to_end_while_another_has_the_turn_ends_at_once(locks, name):
    slots, waits, leave = Slots(locks, name, CAP), threading.Event(), threading.Event()
    ahead = Pauses(then=lambda: (waits.set(), leave.is_set() and stop_waiting())[0])

    def wait_in_vain() -> None:
        with pytest.raises(StoppedError), slots.hold(make_order(ahead)):
            pass

    with hold_all(slots):
        first = threading.Thread(target=wait_in_vain)
        first.start()
        assert waits.wait(10)
        with pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
            pass
        leave.set()
        first.join(10)
        assert not first.is_alive()


def test_a_wait_is_shown_only_once_it_lasts(locks, name, monkeypatch):
    slots, pauses = Slots(locks, name, CAP), Pauses()
    monkeypatch.setattr(slots_module, "QUIET_S", 0.1)
    pauses.then = lambda: stop_waiting() if pauses.seen[-1][0] is not None else None
    with hold_all(slots), pytest.raises(StoppedError), slots.hold(make_order(pauses)):
        pass
    assert pauses.seen[0][0] is None
    assert pauses.seen[-1][0] == WaitingOn.RATE_LIMIT


def test_a_failing_call_gives_its_slot_back(locks, name):
    slots = Slots(locks, name, CAP)
    for _ in range(CAP + 1):
        with pytest.raises(ValueError, match="call"), slots.hold(make_order()):
            raise ValueError("call")


def test_a_slot_is_handed_on_within_a_process_without_waiting_for_the_next_look(locks, name, monkeypatch):
    monkeypatch.setattr(slots_module, "POLL_S", 20.0)
    slots, waits, had = Slots(locks, name, CAP), threading.Event(), threading.Event()

    def take() -> None:
        with slots.hold(make_order(Pauses(then=waits.set))):
            had.set()

    with hold_all(slots):
        thread = threading.Thread(target=take)
        thread.start()
        assert waits.wait(10)
    wait_for(had.is_set, "the slot", deadline_s=10)
    thread.join(10)


def test_a_lost_connection_wedges_nobody_and_its_holders_free_nobody_elses_slots(database, name, locks):
    slots, theirs = Slots(locks, name, CAP), AdvisoryLocks(database)
    with ExitStack() as lost:
        lost.enter_context(hold_all(slots))
        cut(database, number_lock(f"slot:{name}:0"))
        with hold_all(Slots(theirs, name, CAP)):
            lost.close()
            with pytest.raises(StoppedError), slots.hold(make_order(Pauses(then=stop_waiting))):
                pass
    with hold_all(slots):
        pass
    theirs.close()
