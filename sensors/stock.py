"""Dagster's stock processes with our log: ``python -m sensors.stock web|daemon|code`` and Dagster's own arguments."""

import sys
from importlib import import_module

from dub_assets.console import log_as_we_do
from resources.settings import load_settings
from resources.telemetry.logs import set_up_logs

COMMANDS = {"web": "dagster_webserver.cli", "daemon": "dagster._daemon.cli", "code": "dagster._cli"}
"""Module of each command; its function is `main`."""


def run(service: str) -> None:
    """Run one of them to its end."""
    set_up_logs(load_settings(), service)
    log_as_we_do()
    if service == "web":
        _quiet_uvicorn()
    sys.argv[0] = "dagster"
    import_module(COMMANDS[service]).main()


def _quiet_uvicorn() -> None:
    """Keep uvicorn from giving its loggers handlers when the web server starts it."""
    from uvicorn.config import LOGGING_CONFIG

    LOGGING_CONFIG["handlers"] = {}
    LOGGING_CONFIG["loggers"] = {"uvicorn": {"level": "INFO"}, "uvicorn.access": {"level": "WARNING"}}


if __name__ == "__main__":
    run(sys.argv.pop(1))
