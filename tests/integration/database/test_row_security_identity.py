"""Who a transaction works as: callers and the service take turns on a connection, and nothing is carried over."""

import uuid

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from resources.database.connection import Database, UnitOfWork
from tests.support.jobs import add_job

WHO = text("SELECT current_user = session_user, current_setting('request.jwt.claims', true)")


@pytest.fixture(scope="module")
def people(database: Database) -> dict[uuid.UUID, uuid.UUID]:
    """Two, each with the id of a job."""
    ids = (uuid.uuid4(), uuid.uuid4())
    return {user_id: add_job(database, ["es"], user_id=user_id) for user_id in ids}


@pytest.fixture
def caller(people: dict[uuid.UUID, uuid.UUID]) -> uuid.UUID:
    return next(iter(people))


def claims_of(user_id: uuid.UUID) -> dict[str, str]:
    return {"sub": str(user_id)}


def read_users(tx: UnitOfWork) -> set[uuid.UUID]:
    return set(tx.session.scalars(text("SELECT id FROM users")))


def add_user_and_fail(tx: UnitOfWork, user_id: uuid.UUID) -> None:
    with tx.as_service():
        tx.jobs.ensure_user(user_id)
        raise ZeroDivisionError


def test_a_connection_that_is_used_again_forgets_who_used_it(
    database: Database, people: dict[uuid.UUID, uuid.UUID]
) -> None:
    """Often enough that the driver prepares the statement, whose plan must not outlive its caller."""
    single = Database(database.engine.url.render_as_string(hide_password=False))
    single.engine = create_engine(database.engine.url, pool_size=1, max_overflow=0, pool_timeout=1)
    for _ in range(8):
        for person in people:
            with single.transaction_of(claims_of(person)) as tx:
                assert read_users(tx) == {person}
            with pytest.raises(DBAPIError), single.transaction_of(claims_of(person)) as tx:
                tx.session.execute(text("SELECT 1 / 0"))
            with single.transaction_of({}) as tx:
                assert read_users(tx) == set()
            with single.engine.begin() as connection:
                assert tuple(connection.execute(WHO).one()) == (True, "")
            with single.transaction() as tx:
                assert read_users(tx) == set(people)
    single.close()


def test_after_working_as_the_service_one_is_the_caller_again(
    database: Database, people: dict[uuid.UUID, uuid.UUID], caller: uuid.UUID
) -> None:
    with database.transaction_of(claims_of(caller)) as tx:
        with tx.as_service():
            assert read_users(tx) == set(people)
        assert read_users(tx) == {caller}
        with pytest.raises(ProgrammingError, match="permission denied"):
            tx.session.execute(text("DELETE FROM users"))


def test_work_as_the_service_that_fails_leaves_nothing(
    database: Database, people: dict[uuid.UUID, uuid.UUID], caller: uuid.UUID
) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction_of(claims_of(caller)) as tx:
        add_user_and_fail(tx, uuid.uuid4())
    with database.transaction() as tx:
        assert read_users(tx) == set(people)


def test_an_error_of_the_service_that_is_caught_does_not_leave_the_caller_as_the_service(
    database: Database, people: dict[uuid.UUID, uuid.UUID], caller: uuid.UUID
) -> None:
    with database.transaction_of(claims_of(caller)) as tx:
        with pytest.raises(ZeroDivisionError):
            add_user_and_fail(tx, uuid.uuid4())
        assert read_users(tx) == {caller}
    with database.transaction() as tx:
        assert read_users(tx) == set(people)
