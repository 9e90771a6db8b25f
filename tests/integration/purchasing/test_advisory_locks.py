import uuid
from collections.abc import Iterator

import pytest

from dubbing.errors import DatabaseUnavailableError
from resources.database.connection import Database
from resources.database.job_lock import number_lock
from resources.purchasing.advisory_locks import AdvisoryLocks
from tests.integration.purchasing.shop import cut
from tests.support.waiting import wait_for


@pytest.fixture
def ours(database: Database) -> Iterator[AdvisoryLocks]:
    locks = AdvisoryLocks(database)
    yield locks
    locks.close()


@pytest.fixture
def theirs(database: Database) -> Iterator[AdvisoryLocks]:
    """Of another process, so far as Postgres can tell."""
    locks = AdvisoryLocks(database)
    yield locks
    locks.close()


@pytest.fixture
def number() -> int:
    return number_lock(uuid.uuid4().hex)


def test_a_lock_is_had_by_one_process(ours, theirs, number):
    assert ours.take_one([number]) is not None
    assert theirs.take_one([number]) is None


def test_a_lock_is_had_once_within_a_process(ours, number):
    assert ours.take_one([number]) is not None
    assert ours.take_one([number]) is None


def test_a_lock_that_was_given_back_can_be_taken_by_anybody(ours, theirs, number):
    ours.release(ours.take_one([number]))
    assert theirs.take_one([number]) is not None


def test_taking_one_of_some_leaves_the_others_alone(ours, theirs):
    numbers = [number_lock(uuid.uuid4().hex) for _ in range(3)]
    taken = [ours.take_one(numbers), theirs.take_one(numbers), ours.take_one(numbers)]
    assert {lock.number for lock in taken} == set(numbers)


def test_a_connection_that_was_lost_is_made_anew_for_the_next_lock(database, ours, number):
    assert ours.take_one([number]) is not None
    cut(database, number)
    assert ours.take_one([number_lock(uuid.uuid4().hex)]) is not None


def test_a_lock_lost_with_its_connection_can_be_taken_again_by_this_process_too(database, ours, number):
    ours.take_one([number])
    cut(database, number)
    ours.take_one([number_lock(uuid.uuid4().hex)])
    assert ours.take_one([number]) is not None


def test_whoever_lost_a_lock_does_not_give_back_the_next_ones(database, ours, theirs, number):
    lost = ours.take_one([number])
    cut(database, number)
    ours.take_one([number_lock(uuid.uuid4().hex)])
    assert ours.take_one([number]) is not None
    ours.release(lost)
    assert theirs.take_one([number]) is None
    assert ours.take_one([number]) is None


def test_whoever_lost_a_lock_does_not_give_back_that_of_another_process(database, ours, theirs, number):
    lost = ours.take_one([number])
    cut(database, number)
    assert theirs.take_one([number]) is not None
    ours.release(lost)
    assert ours.take_one([number]) is None


def test_giving_back_on_a_lost_connection_is_no_error_and_frees_the_others_of_it(database, ours, number):
    lost, other = ours.take_one([number]), ours.take_one([number_lock(uuid.uuid4().hex)])
    cut(database, number)
    ours.release(lost)
    assert ours.take_one([number]) is not None
    assert ours.take_one([other.number]) is not None


def test_no_connection_goes_back_to_the_pool_with_locks_on_it(database, ours, theirs, number):
    ours.take_one([number])
    ours.close()
    wait_for(lambda: theirs.take_one([number]) is not None, "the lock")


def test_a_database_that_is_not_there_is_named_and_found_again_when_it_is(database, ours, number, monkeypatch):
    def refuse() -> None:
        raise DatabaseUnavailableError("Not there.")

    with monkeypatch.context() as patched:
        patched.setattr(database, "open_session", refuse)
        with pytest.raises(DatabaseUnavailableError):
            ours.take_one([number])
    assert ours.take_one([number]) is not None
