"""`dubline up`: database, API, metrics, and Dagster's code server, web server and daemon under one supervisor."""

import fcntl
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy import make_url

from cli.metrics import render_address
from cli.ports import choose_port, choose_port_near
from cli.services import Addresses, build_clients, build_code_server
from cli.supervisor import Supervisor
from cli.up_display import Display, build_display
from cli.walkthrough import render_addresses, render_walkthrough
from dub_assets.instance import prepare_dagster_home, record_workspace
from dubbing.errors import SettingsError
from resources.container import Container
from resources.database.embedded import revive
from resources.database.server.files import opened_for_lock
from resources.identity.caller import LOCAL_USER_ID
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import PREFIX, Settings, load_settings
from resources.telemetry.logs import set_up_logs
from resources.workspaces import open_workspace, sweep_workspaces

TOKEN_LIFETIME_S = 12 * 3600
"""How long the token that is shown works, seconds: a day's work."""

MAX_SOCKET_PATH_BYTES = 103
"""Longest path of a Unix socket. Source: sun_path of macOS with its end mark; Linux has 4 more."""

LONGEST_SOCKET = "dubline-code-12345678.work/listener-12345678"
"""What a socket of a service is called in the temporary folder, as long as it gets: that which runs are forked at."""


def run_up(port: int = 3000, api_port: int = 8000) -> int:
    """Run until Ctrl-C or SIGTERM; everything that was started is stopped again.

    Args:
        port: port of Dagster's UI; 0 takes a free one.
        api_port: port of the API; 0 takes a free one.

    Raises:
        SettingsError: a port is taken, or another stack works in the same data folder.
        ProcessDiedError: a service did not come up or kept dying; the others are stopped.
        DatabaseUnavailableError: the database did not start.
    """
    settings = load_settings()
    set_up_logs(settings, "up", sys.stdout)
    display = build_display(settings)
    show = display.show
    # Before anything is started: children inherit a signal that is ignored, as `dubline up &` does it to Ctrl-C,
    # and Dagster's would then not end on SIGTERM either.
    stop = _listen_for_stop()
    with _only_stack(settings.data_dir), Container(settings) as container, _socket_folder() as folder:
        for place in (None, settings.keys_dir):
            sweep_workspaces(place)
        metrics_port = choose_port_near(settings.metrics_port)
        addresses = Addresses(
            choose_port(api_port, "--api-port"),
            choose_port(port, "--port"),
            folder / "code.sock",
            render_address(settings.metrics_host, metrics_port),
        )
        show("stack", "starting; Ctrl-C stops everything")
        _ = container.database
        own = {f"{PREFIX}METRICS_PORT": str(metrics_port)}
        environment = {**_build_environment(container, addresses, display), **own}
        workspace = record_workspace(settings.dagster_home, addresses.code_socket)
        with Supervisor(environment, show, stop, _keep_database(container, show)) as supervisor:
            supervisor.start([build_code_server(addresses, settings.run_start)])
            supervisor.start(build_clients(addresses, workspace))
            if not stop.is_set():
                display.welcome(addresses, _render_welcome(settings, addresses))
            supervisor.watch()
            show("stack", "stopping")
    return 0


@contextmanager
def _only_stack(data_dir: Path) -> Iterator[None]:
    """Keep a second stack away from the same data: two daemons would start every run twice."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with opened_for_lock(data_dir / "up.lock") as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                "`dubline up` already works in this data folder; stop it, or choose another with DUBLINE_DATA_DIR."
            ) from None
        yield


@contextmanager
def _socket_folder() -> Iterator[Path]:
    if len(os.fsencode(Path(tempfile.gettempdir()) / LONGEST_SOCKET)) > MAX_SOCKET_PATH_BYTES:
        raise SettingsError("The temporary folder has too long a name for a socket; set TMPDIR to /tmp.")
    with open_workspace("up") as folder:
        yield folder


def _keep_database(container: Container, show: Callable[[str, str], None]) -> Callable[[], None]:
    """Bring the embedded database back should its keeper be killed; another database is somebody else's care."""
    port = make_url(container.database_urls[0]).port
    if container.settings.database_url is not None or port is None:
        return lambda: None

    def keep() -> None:
        if revive(container.settings.data_dir / "postgres", port):
            show("stack", "the keeper of the database was gone; both are started again")

    return keep


def _listen_for_stop() -> threading.Event:
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop


def _build_environment(container: Container, addresses: Addresses, display: Display) -> Mapping[str, str]:
    product, dagster = container.database_urls
    environment = {
        **os.environ,
        **prepare_dagster_home(container),
        f"{PREFIX}DATABASE_URL": product,
        f"{PREFIX}DAGSTER_DATABASE_URL": dagster,
        f"{PREFIX}LOG_FORMAT": display.log_format,
        "PYTHONUNBUFFERED": "1",
    }
    if "public_url" not in container.settings.model_fields_set:
        environment[f"{PREFIX}PUBLIC_URL"] = addresses.api
    return environment


def _render_welcome(settings: Settings, addresses: Addresses) -> str:
    token = None
    where = "Tokens come from your Supabase project: sign a user in and take the session's access_token."
    if settings.supabase_url is None:
        token = EmbeddedIssuer(settings.keys_dir).mint(LOCAL_USER_ID, lifetime_s=TOKEN_LIFETIME_S)
        where = f"The token below works for {TOKEN_LIFETIME_S // 3600} hours; `dubline token` makes another."
    return "\n".join(
        [
            "",
            render_addresses(addresses.api, addresses.web, addresses.metrics),
            f"{where} A whole job, to paste into another terminal:",
            "",
            render_walkthrough(addresses.api, token),
        ]
    )
