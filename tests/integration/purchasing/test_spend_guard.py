"""The gate and the money of a job: no call begins that its hold does not carry."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from dubbing.engines import LOCAL, Answer
from dubbing.errors import OutcomeUnknownError, SpendLimitReachedError, VendorUnavailableError
from dubbing.spend_limits import Need
from resources.database.balances import Limits
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.money_tables import Balance, BudgetLimit, Hold
from resources.database.tables import DubbingJob
from resources.purchasing.ledger import Call
from tests.integration.purchasing.shop import ScriptedCall, Shop, answer, open_shop, run_all
from tests.support.postgres import fresh_database

CALL = 3_000
"""What a call of the shop is thought to cost at most, micro-dollars; it comes to 2,700."""


@pytest.fixture(scope="module")
def poor(postgres: PostgresAddress) -> Iterator[Database]:
    """A database where an installation may spend a cent a month."""
    with fresh_database(postgres) as name:
        database = Database(postgres.url(name, driver="postgresql"), limits=Limits(10_000, None))
        database.migrate()
        yield database
        database.close()


def bound(shop: Shop, usd_micros: int) -> None:
    with shop.database.transaction() as tx:
        job = update(DubbingJob).where(DubbingJob.id == shop.job_id)
        tx.session.execute(job.values(max_spend_usd_micros=usd_micros))


def get_hold(shop: Shop) -> Hold | None:
    with shop.database.transaction() as tx:
        return tx.session.scalars(select(Hold).where(Hold.job_id == shop.job_id)).one_or_none()


def test_of_fifteen_calls_at_once_only_those_begin_that_the_job_may_cost(shop: Shop) -> None:
    bound(shop, 5 * CALL + CALL - 1)
    everybody = threading.Barrier(15)  # five are under way until the other ten were refused

    def perform() -> Answer[Any]:
        everybody.wait(30)
        return answer()

    def buy() -> bool:
        try:
            shop.buy(perform)
        except SpendLimitReachedError:
            everybody.wait(30)
            return False
        return True

    assert sorted(run_all([buy] * 15)) == [False] * 10 + [True] * 5
    calls = shop.list_calls()
    assert len(calls) == 5  # a call that is refused is not in the ledger
    hold = get_hold(shop)
    assert hold is not None
    assert hold.held_usd_micros == 5 * CALL


def test_a_call_that_fits_leaves_the_hold_as_it_is(shop: Shop) -> None:
    with shop.database.transaction() as tx:
        tx.balances.open_hold(shop.job_id, Need(CALL, 2 * CALL))
    shop.buy(ScriptedCall(answer()))
    shop.buy(ScriptedCall(answer()))
    hold = get_hold(shop)
    assert hold is not None
    assert hold.held_usd_micros == 2 * CALL
    shop.buy(ScriptedCall(answer()))  # 2 * 2,700 are spent
    hold = get_hold(shop)
    assert hold is not None
    assert hold.held_usd_micros == 2 * 2_700 + CALL


def test_a_call_in_doubt_keeps_its_estimate_from_the_next(shop: Shop) -> None:
    bound(shop, CALL + CALL - 1)
    with pytest.raises(SpendLimitReachedError):  # the next is the same call once more
        shop.buy(ScriptedCall(OutcomeUnknownError("Nobody knows."), answer()))
    assert [call.state for call in shop.list_calls()] == ["spend_unknown"]


def test_a_call_that_is_not_billed_takes_nothing_from_the_next(shop: Shop) -> None:
    bound(shop, CALL)
    shop.buy(ScriptedCall(VendorUnavailableError("Down."), answer()))
    assert [call.state for call in shop.list_calls()] == ["failed", "settled"]


def test_a_budget_that_is_used_up_stops_the_job_of_whoever_comes_last(poor: Database) -> None:
    first, second = open_shop(poor), open_shop(poor)
    for _ in range(3):
        first.buy(ScriptedCall(answer()))
    perform = ScriptedCall(answer())
    with pytest.raises(SpendLimitReachedError, match="budget"):
        second.buy(perform)
    assert perform.calls == 0
    with poor.transaction() as tx:
        held = tx.session.scalar(select(Balance.held_usd_micros).where(Balance.user_id.is_(None)))
        assert held == 2 * 2_700 + CALL
        tx.session.add(BudgetLimit(limit_usd_micros=None, set_by="t"))
    second.buy(perform)  # raised by an operator, it goes on


def test_what_costs_nothing_asks_nobody(shop: Shop) -> None:
    bound(shop, 0)
    call = Call(LOCAL, LOCAL, "synthesize", "engine", uuid.uuid4().hex, {"characters": 100})
    shop.buy(ScriptedCall(answer()), call=call)
    assert get_hold(shop) is None
