from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dubbing.errors import VendorUnavailableError
from resources.database.connection import Database
from resources.vendors.voice_list import CachedVoiceList

MARLENE = {"id": "q7RmXc2VtLw9KdPzB4Ya", "name": "Marlene", "gender": "female", "category": "premade"}


def build_list(
    database: Database, vendor: str, load: Callable[[], list[dict[str, Any]]], **wishes: Any
) -> CachedVoiceList:
    """Make what one process has."""

    def read() -> tuple[datetime, list[dict[str, Any]]] | None:
        with database.transaction() as tx:
            return tx.vendor_voices.find(vendor)

    def write(voices: list[dict[str, Any]]) -> None:
        with database.transaction() as tx:
            tx.vendor_voices.record(vendor, voices)

    return CachedVoiceList(vendor, load, read, write, **wishes)


def fail() -> list[dict[str, Any]]:
    raise VendorUnavailableError("Not now.")


def test_what_one_process_fetched_another_reads_without_asking(database: Database) -> None:
    build_list(database, "shared", lambda: [MARLENE]).get()
    assert build_list(database, "shared", fail).get() == [MARLENE]


def test_a_list_is_replaced_whole_and_says_when_it_was_fetched(database: Database) -> None:
    for voices in ([MARLENE], []):
        with database.transaction() as tx:
            tx.vendor_voices.record("replaced", voices)
    with database.transaction() as tx:
        found = tx.vendor_voices.find("replaced")
    assert found is not None
    assert found[1] == []
    assert abs(datetime.now(UTC) - found[0]) < timedelta(minutes=1)


def test_vendors_do_not_share_a_list(database: Database) -> None:
    build_list(database, "one", lambda: [MARLENE]).get()
    with pytest.raises(VendorUnavailableError):
        build_list(database, "another", fail).get()


def test_a_process_that_starts_while_the_vendor_is_away_takes_the_old_list(database: Database) -> None:
    build_list(database, "old", lambda: [MARLENE]).get()
    tomorrow = build_list(database, "old", fail, clock=lambda: datetime.now(UTC) + timedelta(days=1))
    assert tomorrow.get() == [MARLENE]
