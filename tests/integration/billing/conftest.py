from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.database.connection import Database
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.billed import Ledger


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger and an empty folder."""
    signer = AddressSigner(tmp_path / "keys")
    ledger = Ledger(database, FolderStore(tmp_path / "store", public_url="http://127.0.0.1:1", signer=signer))
    yield ledger
    ledger.empty()
