"""So many calls at once as the settings allow; a server that waits for all of them proves that none waits inside."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resources.vendors import deepgram_client, elevenlabs_client

AT_ONCE = 130
"""More than the hundred that the HTTP client has by itself."""

MEET_S = 15.0


class Crowd(ThreadingHTTPServer):
    """Answers nobody before all are there."""

    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Guest)
        self.all_there = threading.Barrier(AT_ONCE)
        self.met: list[bool] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Guest(BaseHTTPRequestHandler):
    server: Crowd

    def do_GET(self) -> None:
        with suppress(threading.BrokenBarrierError):
            self.server.all_there.wait(MEET_S)
            self.server.met.append(True)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask_deepgram(url: str) -> Callable[[], object]:
    client = deepgram_client.build_deepgram_client("key", url)
    return lambda: client.manage.v1.models.list(request_options=deepgram_client.build_options(MEET_S))


def ask_elevenlabs(url: str) -> Callable[[], object]:
    client = elevenlabs_client.build_client("key", url)
    return lambda: client.models.list(request_options=elevenlabs_client.build_options(MEET_S))


@pytest.mark.parametrize("build", [ask_deepgram, ask_elevenlabs])
def test_no_call_waits_for_a_connection_of_another(build: Callable[[str], Callable[[], object]], crowd: Crowd) -> None:
    ask = build(crowd.url)

    def call() -> None:
        with suppress(Exception):  # what comes back is not looked at
            ask()

    threads = [threading.Thread(target=call, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * MEET_S)
    assert len(crowd.met) == AT_ONCE
