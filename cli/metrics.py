"""`dubline metrics`: serves the metrics of the work, all of it out of Postgres, to Prometheus."""

import signal
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import FrameType

import typer
from prometheus_client import CONTENT_TYPE_LATEST, Metric
from prometheus_client.registry import Collector
from pydantic import SecretStr

from dubbing.errors import SettingsError
from resources.container import Container
from resources.settings import load_settings
from resources.telemetry.counters import TotalsCollector
from resources.telemetry.gauges import GaugesCollector
from resources.telemetry.logs import set_up_logs
from resources.telemetry.readers import FORWARDING_HEADERS, may_read
from resources.telemetry.scrape import Scrape

SLOW_CLIENT_S = 10.0
"""How long a client may take to send its request, or to take the answer, seconds."""


def run_metrics() -> int:
    """Serve until Ctrl-C or SIGTERM.

    Raises:
        SettingsError: the address cannot be had.
        DatabaseUnavailableError: the embedded database did not start.
    """
    settings = load_settings()
    set_up_logs(settings, "metrics")
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    with Container(settings) as container:
        _ = container.database_urls  # the embedded one is to be there before anybody asks
        scrape = Scrape(build_collectors(container))
        with open_server(settings.metrics_host, settings.metrics_port, scrape, settings.metrics_token) as server:
            threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
            typer.echo(f"{render_address(settings.metrics_host, server.server_port)}/metrics")
            stop.wait()
            server.shutdown()
    return 0


def build_collectors(container: Container) -> Mapping[str, Collector]:
    """Everything that is read for a scrape, by the name under which a failure of it is shown."""
    return {
        "totals": _OnceReached(lambda: TotalsCollector(container.database)),
        "gauges": _OnceReached(lambda: GaugesCollector(container.database, container.settings)),
    }


class _OnceReached(Collector):
    """A collector on a database that may be away when this process starts."""

    def __init__(self, build: Callable[[], Collector]) -> None:
        self._build = build

    def collect(self) -> Iterable[Metric]:
        return self._build().collect()


def render_address(host: str, port: int) -> str:
    """Write the address of the metrics as this machine reaches it.

    >>> render_address("0.0.0.0", 9464), render_address("::1", 9464)
    ('http://127.0.0.1:9464', 'http://[::1]:9464')
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what people set
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def open_server(host: str, port: int, scrape: Scrape, token: SecretStr | None) -> ThreadingHTTPServer:
    """Listen; nothing is served before `serve_forever`.

    Args:
        port: 0 takes a free one.
        token: that readers must send; see `may_read`.

    Raises:
        SettingsError: the address cannot be had.
    """

    class Handler(_Handler):
        pass

    Handler.scrape, Handler.token = scrape, token
    try:
        return _Server((host, port), Handler)
    except OSError:
        raise SettingsError(
            f"{host}:{port} is taken or cannot be listened on; choose another address for the metrics with "
            "DUBLINE_METRICS_HOST and DUBLINE_METRICS_PORT, or 0 for a free port."
        ) from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a reading that hangs must not keep the process

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # without asking a name server what this machine is called
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


class _Handler(BaseHTTPRequestHandler):
    scrape: Scrape
    token: SecretStr | None

    server_version = "dubline"
    sys_version = ""
    timeout = SLOW_CLIENT_S

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/healthz":
            self._reply(HTTPStatus.OK, b"ok\n")
        elif self.path != "/metrics":
            self._reply(HTTPStatus.NOT_FOUND, b"not found\n")
        elif self._may_read():
            self._reply(HTTPStatus.OK, self.scrape.render(), CONTENT_TYPE_LATEST)
        else:
            self._reply(HTTPStatus.UNAUTHORIZED, b"metrics are not for everybody\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - overrides
        """Say nothing: what a stranger asks for is no news."""

    def _may_read(self) -> bool:
        is_forwarded = any(name in self.headers for name in FORWARDING_HEADERS)
        return may_read(self.token, self.headers.get("Authorization"), self.client_address[0], is_forwarded)

    def _reply(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)
