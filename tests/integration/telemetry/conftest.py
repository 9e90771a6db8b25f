"""A database for each test: totals are those of all of it."""

from collections.abc import Iterator

import pytest

from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from tests.support.postgres import fresh_database


@pytest.fixture
def database(postgres: PostgresAddress, product_template: str) -> Iterator[Database]:
    with fresh_database(postgres, product_template) as name:
        database = Database(postgres.url(name, driver="postgresql"))
        yield database
        database.close()
