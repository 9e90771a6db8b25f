"""A real HTTP server on this machine that answers as an issuer's JWKS address does, or as badly as it is told.

It cannot prove how Supabase's edge caches the document, nor anything about TLS.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.tokens import Signer

PATH = "/auth/v1/.well-known/jwks.json"


class JwksServer:
    """What the server answers, and how often it was asked.

    Attributes:
        requests: requests for the document so far.
        let_go: while it is not set, answers stop half-way.
    """

    def __init__(self, address: str) -> None:
        self.url = address + PATH
        self.requests = 0
        self.let_go = threading.Event()
        self.let_go.set()
        self.answer(b'{"keys": []}')

    def publish(self, *signers: Signer) -> None:
        """Answer with the public keys of these signers from now on."""
        self.answer(json.dumps({"keys": [signer.public_jwk() for signer in signers]}).encode())

    def answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer with this from now on."""
        self.body, self.status, self.headers = body, status, headers or {}


def _build_handler(get_server: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server: JwksServer = get_server()
            server.requests += 1
            self.send_response(server.status)
            for name, value in {"Content-Length": str(len(server.body)), **server.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            half = len(server.body) // 2
            try:
                self.wfile.write(server.body[:half])
                server.let_go.wait()
                self.wfile.write(server.body[half:])
            except OSError:
                pass  # the client has had enough

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def running_jwks_server() -> Iterator[JwksServer]:
    """Serve on a free port until the end of the block."""
    running: list[JwksServer] = []
    http = ThreadingHTTPServer(("127.0.0.1", 0), _build_handler(lambda: running[0]))
    server = JwksServer(f"http://127.0.0.1:{http.server_address[1]}")
    running.append(server)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.let_go.set()
        http.shutdown()
        http.server_close()
        thread.join()
