"""Shops, each with a vendor of its own."""

import pytest

from resources.database.connection import Database
from resources.purchasing import gate
from tests.integration.purchasing.shop import Shop, open_shop


@pytest.fixture(autouse=True)
def _closing_without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "CLOSING_WAIT_S", 0.0)


@pytest.fixture
def shop(database: Database) -> Shop:
    """A vendor whose thousand characters cost 30,000 micro-dollars."""
    return open_shop(database)
