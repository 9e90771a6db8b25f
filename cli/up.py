"""`dubline up`: the database, Dagster's web server and its daemon under one supervisor."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

from rich.console import Console
from rich.text import Text

from dub_assets.instance import WORKSPACE_FILE, prepare_dagster_home
from dubbing.errors import DubbingError
from resources.container import Container
from resources.database.server.process import find_free_port
from resources.leash import find_leash
from resources.settings import PREFIX, load_settings

READY_DEADLINE_S = 90.0
"""How long the web server may take to answer, seconds: a first start compiles some 800 modules."""

STOP_DEADLINE_S = 15.0
"""How long a process may take to end after SIGTERM before it is killed, seconds."""

COLOURS = {"web": "cyan", "daemon": "magenta"}


class ProcessDiedError(DubbingError):
    """One of the supervised processes ended by itself."""

    code = "internal"


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running."""

    name: str
    command: Sequence[str]


def run_up(port: int) -> int:
    """Run until Ctrl-C or SIGTERM; everything that was started is stopped again.

    Raises:
        ProcessDiedError: a process ended by itself; the others are stopped.
        DatabaseUnavailableError: the database did not start.
    """
    console = Console()
    with Container(load_settings()) as container:
        _ = container.database
        product, dagster = container.database_urls
        environment = {
            **os.environ,
            **prepare_dagster_home(container),
            f"{PREFIX}DATABASE_URL": product,
            f"{PREFIX}DAGSTER_DATABASE_URL": dagster,
        }
        port = port or find_free_port()
        dagster_module = [sys.executable, "-m"]
        services = [
            Service(
                "web",
                [*dagster_module, "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(WORKSPACE_FILE)],
            ),
            Service("daemon", [*dagster_module, "dagster._daemon", "run", "-w", str(WORKSPACE_FILE)]),
        ]
        return _supervise(services, environment, f"http://127.0.0.1:{port}", console)


def _supervise(services: Sequence[Service], environment: dict[str, str], address: str, console: Console) -> int:
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    running: list[tuple[Service, subprocess.Popen[str]]] = []
    try:
        for service in services:
            running.append((service, _start(service, environment, console)))
        _wait_until_ready(f"{address}/server_info", running, stop)
        if not stop.is_set():
            console.print(f"\nDagster UI: [bold]{address}[/]   (Ctrl-C stops everything)\n")
        while not stop.wait(0.5):
            _check_alive(running)
        return 0
    finally:
        _stop(running)


def _start(service: Service, environment: dict[str, str], console: Console) -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C reaches only the supervisor, which stops the others in order.
    process = subprocess.Popen(
        [*find_leash("TERM"), *service.command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )

    def copy_lines() -> None:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in process.stdout:
            console.print(Text(f"{service.name:7}", COLOURS[service.name]), Text(line.rstrip()), soft_wrap=True)

    threading.Thread(target=copy_lines, name=f"log-{service.name}", daemon=True).start()
    return process


def _wait_until_ready(
    url: str, running: Sequence[tuple[Service, subprocess.Popen[str]]], stop: threading.Event
) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline and not stop.is_set():
        _check_alive(running)
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            stop.wait(0.2)
    if not stop.is_set():
        raise ProcessDiedError("The Dagster web server does not answer; its lines above say why.")


def _check_alive(running: Sequence[tuple[Service, subprocess.Popen[str]]]) -> None:
    for service, process in running:
        if process.poll() is not None:
            raise ProcessDiedError(
                f"The process {service.name} ended by itself with code {process.returncode}; its lines above say why."
            )


def _stop(running: Sequence[tuple[Service, subprocess.Popen[str]]]) -> None:
    for _, process in reversed(running):
        process.terminate()
    deadline = time.monotonic() + STOP_DEADLINE_S
    for _, process in reversed(running):
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
