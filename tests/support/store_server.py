"""The folder store behind a real uvicorn, for what clients can see of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api import problems
from api.store.endpoints import build_store_router
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.waiting import wait_for


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
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        store = FolderStore(folder / "store", public_url=url, signer=AddressSigner(folder / "keys"))
        app = FastAPI()
        app.include_router(build_store_router(store, idle_s=idle_s), prefix="/v1")
        problems.install(app)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_for(lambda: server.started, "uvicorn")
            yield ServedStore(store, folder / "store", app)
        finally:
            server.should_exit = server.force_exit = True
            thread.join()
