"""One sweep in a process of its own, for tests that kill it; prints the ids of the jobs that it erased."""

import sys
from datetime import datetime
from pathlib import Path

from resources.database.connection import Database
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.kept import Kept


def main(url: str, folder: str, now: str) -> None:
    store = FolderStore(Path(folder), public_url="http://127.0.0.1:1", signer=AddressSigner(Path(folder) / ".keys"))
    database = Database(url)
    swept = Kept(database, store).eraser.sweep(datetime.fromisoformat(now))
    database.close()
    print(len(swept.jobs))


if __name__ == "__main__":
    main(*sys.argv[1:])
