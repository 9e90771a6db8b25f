"""The services of the stack: how each is started and when it is ready."""

import sys
from dataclasses import dataclass
from pathlib import Path

from cli.ports import HOST
from cli.probes import probe_code_server, probe_daemon, probe_http
from cli.supervisor import Service
from dub_assets.instance import get_code_location

PROJECT_DIR = Path(__file__).parents[1]

DRAIN_S = 10
"""How long the API may finish the requests it has when it is stopped, seconds."""

RUN_STOP_S = 30.0
"""How long runs that were told to stop may take, seconds: they come to an end between two steps of the engine."""

PYTHON = (sys.executable, "-P")
"""Without the working directory on its path: a folder ``api`` there must not be taken for ours."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens.

    Attributes:
        api_port: port of the API.
        web_port: port of Dagster's web server.
        metrics: address of the exporter of metrics.
        code_socket: socket of the code server. A socket in a fresh folder, because a left-over server on the same
            port would go on answering beside the new one, and because a port is open to all users of a machine.
    """

    api_port: int
    web_port: int
    code_socket: Path
    metrics: str

    @property
    def api(self) -> str:
        """Address of the API."""
        return f"http://{HOST}:{self.api_port}"

    @property
    def web(self) -> str:
        """Address of Dagster's UI."""
        return f"http://{HOST}:{self.web_port}"


def build_code_server(addresses: Addresses, run_start: str) -> Service:
    """The one code server: it loads the definitions, and every run begins in it.

    Args:
        run_start: ``fork`` or ``spawn``, as the setting says.
    """
    module, location = get_code_location()
    server = ["sensors.code_server"] if run_start == "fork" else ["sensors.stock", "code"]
    command = [*PYTHON, "-m", *server, "api", "grpc", "--socket", str(addresses.code_socket)]
    command += ["--module-name", module, "--location-name", location, "--empty-working-directory"]
    command += ["--use-python-environment-entry-point", "--log-level", "warning"]
    return Service("code", command, probe_code_server(addresses.code_socket), stop_deadline_s=RUN_STOP_S)


def build_clients(addresses: Addresses, workspace: Path) -> tuple[Service, ...]:
    """Everything that needs the code server or nothing, in the order of starting; they are stopped in reverse.

    Args:
        addresses: where they listen.
        workspace: file that leads to the code server.
    """
    web = [*PYTHON, "-m", "sensors.stock", "web", "-h", HOST, "-p", str(addresses.web_port), "-w", str(workspace)]
    daemon = [*PYTHON, "-m", "sensors.stock", "daemon", "run", "-w", str(workspace)]
    return (
        Service("web", web, probe_http(f"{addresses.web}/server_info")),
        Service("daemon", daemon, probe_daemon(addresses.web)),
        Service("metrics", [*PYTHON, "-m", "cli.main", "metrics"], probe_http(f"{addresses.metrics}/healthz")),
        Service(
            "api", _build_api_command(addresses), probe_http(f"{addresses.api}/readyz"), stop_deadline_s=DRAIN_S + 5
        ),
    )


def _build_api_command(addresses: Addresses) -> list[str]:
    command = [*PYTHON, "-m", "uvicorn", "api.application:create_app", "--factory", "--app-dir", str(PROJECT_DIR)]
    command += ["--host", HOST, "--port", str(addresses.api_port), "--timeout-graceful-shutdown", str(DRAIN_S)]
    # Addresses of uploads and downloads are secrets, and an access log would keep them.
    return [*command, "--no-access-log", "--no-server-header", "--log-level", "warning"]
