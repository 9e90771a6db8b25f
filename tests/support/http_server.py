"""A real uvicorn in a thread, for what a client can only see over a real connection."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from tests.support.waiting import wait_for


@contextmanager
def served(build: Callable[[str], FastAPI]) -> Iterator[str]:
    """Serve an application on a free port; it is built for, and the value is, its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(build(url), log_level="error", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_for(lambda: server.started, "uvicorn")
            yield url
        finally:
            server.should_exit = True  # and not force_exit: the application is to see its end
            thread.join()
