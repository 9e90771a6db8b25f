"""Everything that is kept, over a real Postgres and a store: the folder, unless a test wants it over all three."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.database.connection import Database
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.contract.stores import STORES
from tests.support.kept import Kept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def kept(database: Database, folder: Path, tmp_path: Path) -> Iterator[Kept]:
    """An empty database and an empty folder."""
    store = FolderStore(folder, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
    yield Kept(database, store)
    empty(database)


@pytest.fixture(params=STORES)
def kept_anywhere(request: pytest.FixtureRequest, database: Database) -> Iterator[Kept]:
    with STORES[request.param](request) as under_test:
        for each in list(under_test.store.list_objects()):
            under_test.store.delete(each.key)
        yield Kept(database, under_test.store)
    empty(database)


def empty(database: Database) -> None:
    """Remove all rows, as only the owner can, and only with the receipts' guard put aside."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("TRUNCATE users, takes, transcripts, translations, deletion_receipts CASCADE")
