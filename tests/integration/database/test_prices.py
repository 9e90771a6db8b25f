"""Prices in the real database: added, never changed, and each call charged by those in force when it began."""

from datetime import UTC, datetime, timedelta

import pytest

from dubbing.errors import InputError
from dubbing.price_sets import PriceEntry
from dubbing.usage import Price
from resources.database.connection import Database
from resources.database.tables import PriceRow
from tests.integration.purchasing.shop import LONG_AGO, MODEL, ScriptedCall, Shop, answer, open_shop
from tests.support.waiting import wait_for

SOON = timedelta(seconds=1)
TOMORROW = timedelta(days=1)


@pytest.fixture
def shop(database: Database) -> Shop:
    return open_shop(database)


def price(shop: Shop, since: datetime, usd_micros: int = 50_000, unit: str = "characters") -> PriceEntry:
    return PriceEntry(shop.vendor, MODEL, unit, Price(usd_micros, 1000), since, "test")


def add(shop: Shop, *entries: PriceEntry) -> None:
    with shop.database.transaction() as tx:
        tx.prices.add(entries)


def list_prices(shop: Shop, at: datetime | None = None) -> list[tuple[str, int]]:
    with shop.database.transaction() as tx:
        return [(row.unit, row.usd_micros) for row in tx.prices.list_rows(at) if row.vendor == shop.vendor]


def count_rows(shop: Shop) -> int:
    with shop.database.transaction() as tx:
        return tx.session.query(PriceRow).filter_by(vendor=shop.vendor).count()


def test_new_prices_in_the_middle_of_a_job_leave_its_earlier_charges_as_they_were(shop: Shop) -> None:
    shop.buy(ScriptedCall(answer(characters=90)))
    since = datetime.now(UTC) + SOON
    add(shop, price(shop, since))
    wait_for(lambda: list_prices(shop) == [("characters", 50_000)], "the price to come into force")
    shop.buy(ScriptedCall(answer(characters=90)))
    charged = [(row.cost_usd_micros, row.price_effective_from) for row in shop.list_calls()]
    assert charged == [(2_700, LONG_AGO), (4_500, since)]


def test_a_call_that_began_before_a_new_price_is_settled_by_the_old_one(shop: Shop) -> None:
    def perform() -> object:
        add(shop, price(shop, datetime.now(UTC) + SOON))
        wait_for(lambda: list_prices(shop) == [("characters", 50_000)], "the price to come into force")
        return answer(characters=90)

    shop.buy(perform)  # type: ignore[arg-type]
    row = shop.get_call()
    assert (row.cost_usd_micros, row.price_effective_from) == (2_700, LONG_AGO)


def test_a_price_of_the_future_is_listed_from_its_day_on(shop: Shop) -> None:
    since = datetime.now(UTC) + TOMORROW
    add(shop, price(shop, since))
    assert list_prices(shop) == [("characters", 30_000)]
    assert list_prices(shop, since - SOON) == [("characters", 30_000)]
    assert list_prices(shop, since) == [("characters", 50_000)]
    assert list_prices(shop, LONG_AGO - SOON) == []


def test_a_price_of_the_past_is_refused_where_calls_were_charged_since(shop: Shop) -> None:
    before = datetime.now(UTC)
    shop.buy(ScriptedCall(answer()))
    with pytest.raises(InputError, match="were charged since"):
        add(shop, price(shop, before))
    add(shop, price(shop, datetime.now(UTC)))  # nothing was charged after that


def test_prices_are_never_changed(shop: Shop) -> None:
    with pytest.raises(InputError, match="never changed"):
        add(shop, price(shop, LONG_AGO))
    with pytest.raises(InputError, match="never changed"):
        add(shop, price(shop, LONG_AGO, unit="ms"))
    assert list_prices(shop) == [("characters", 30_000)]


def test_a_set_that_lacks_a_unit_of_the_older_one_is_refused(shop: Shop) -> None:
    since = datetime.now(UTC) + TOMORROW
    add(shop, price(shop, since), price(shop, since, unit="ms"))
    with pytest.raises(InputError, match="lacks ms"):
        add(shop, price(shop, since + TOMORROW))


def test_a_set_is_refused_whose_unit_would_have_no_price_later(shop: Shop) -> None:
    since = datetime.now(UTC) + TOMORROW
    add(shop, price(shop, since + TOMORROW))
    with pytest.raises(InputError, match="lacks ms"):
        add(shop, price(shop, since), price(shop, since, unit="ms"))


def test_of_several_sets_all_are_added_or_none(shop: Shop) -> None:
    since = datetime.now(UTC) + TOMORROW
    with pytest.raises(InputError, match="never changed"):
        add(shop, price(shop, since), price(shop, LONG_AGO))
    with pytest.raises(InputError, match="lacks ms"):
        add(shop, price(shop, since), price(shop, since, unit="ms"), price(shop, since + TOMORROW))
    assert count_rows(shop) == 1
