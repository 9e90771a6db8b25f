"""The folder store behind a real uvicorn, for what clients can see of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from api import problems
from api.store.endpoints import build_store_router
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.http_server import served


@dataclass(frozen=True)
class ServedStore:
    """A folder store whose signed addresses work."""

    store: FolderStore
    folder: Path
    """Holds all that the store writes."""
    app: FastAPI


@contextmanager
def served_folder_store(folder: Path, *, idle_s: float = 60.0) -> Iterator[ServedStore]:
    """Serve a store in a folder, without the rest of the API."""
    served_stores: list[ServedStore] = []

    def build(url: str) -> FastAPI:
        store = FolderStore(folder / "store", public_url=url, signer=AddressSigner(folder / "keys"))
        app = FastAPI()
        app.include_router(build_store_router(store, idle_s=idle_s), prefix="/v1")
        problems.install(app)
        served_stores.append(ServedStore(store, folder / "store", app))
        return app

    with served(build):
        yield served_stores[0]
