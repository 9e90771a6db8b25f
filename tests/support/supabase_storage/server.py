"""The emulator as a server: in a thread of the tests, or in a process of its own."""

import json
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.supabase_storage.application import build_application
from tests.support.supabase_storage.faults import Fault, Faults
from tests.support.supabase_storage.shelf import Bucket, Shelf
from tests.support.supabase_storage.tokens import Clock, Tokens
from tests.support.waiting import wait_for


class SupabaseStorage:
    """An emulated project with one bucket.

    Attributes:
        url: address of the project, as ``DUBLINE_SUPABASE_URL`` wants it.
        secret_key: a key of the kind ``sb_secret_…``.
        tokens: to make keys of the older kind.
        clock: to let signed addresses expire.
        faults: to let requests fail.
        folder: where the bytes lie; nothing else does.
        signing_keys: the public keys that Supabase Auth would publish at this address.
    """

    def __init__(self, folder: Path, *, port: int = 0, secret_key: str | None = None, bucket: str = "dubline") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.bucket = bucket
        self.secret_key = secret_key or f"sb_secret_{secrets.token_urlsafe(24)}"
        self.clock = Clock()
        self.tokens = Tokens(self.secret_key, self.clock)
        self.shelf = Shelf(folder)
        self.shelf.add_bucket(Bucket(bucket))
        self.signing_keys: list[dict[str, Any]] = []
        application = build_application(self.shelf, self.tokens)
        application.router.routes += [
            Route("/_emulator/faults", self._add_fault, methods=["POST"]),
            Route("/_emulator/clock", self._advance_clock, methods=["POST"]),
            Route("/auth/v1/.well-known/jwks.json", self._list_keys, methods=["GET"]),
        ]
        self.faults = Faults(application)
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self.faults, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until told to stop, or interrupted."""
        self._server.run(sockets=[self._socket])

    def wait_until_started(self) -> None:
        """Wait for the first moment at which it answers."""
        wait_for(lambda: self._server.started, "the emulator of Supabase Storage")

    def stop(self) -> None:
        """Let ``run`` come to its end."""
        self._server.should_exit = True

    async def _add_fault(self, request: Request) -> Response:
        self.faults.add(Fault(**await request.json()))
        return JSONResponse({})

    async def _advance_clock(self, request: Request) -> Response:
        self.clock.advance((await request.json())["seconds"])
        return JSONResponse({})

    async def _list_keys(self, request: Request) -> Response:
        return JSONResponse({"keys": self.signing_keys})

    def describe(self) -> str:
        """Give what a client needs, as one line of JSON."""
        return json.dumps({"url": self.url, "secret_key": self.secret_key, "bucket": self.bucket})


@contextmanager
def supabase_storage_emulator(folder: Path) -> Iterator[SupabaseStorage]:
    """Serve an empty project from a thread, for as long as the context lasts."""
    emulator = SupabaseStorage(folder)
    thread = threading.Thread(target=emulator.run, name="supabase-storage-emulator")
    thread.start()
    try:
        emulator.wait_until_started()
        yield emulator
    finally:
        emulator.stop()
        thread.join()
