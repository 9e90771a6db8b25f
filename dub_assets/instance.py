"""Dagster's instance of this installation: its home folder, its database, its configuration file."""

import os
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from resources.container import Container

INSTANCE_FILE = Path(__file__).parents[1] / "dagster.yaml"
WORKSPACE_FILE = Path(__file__).parents[1] / "workspace.yaml"
STORAGE_URL_VARIABLE = "DUBLINE_DAGSTER_STORAGE_URL"
"""Read by `dagster.yaml`; set here from the settings."""


def prepare_dagster_home(container: Container) -> dict[str, str]:
    """Write Dagster's home and return the variables that its processes need."""
    home = container.settings.dagster_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "dagster.yaml").write_bytes(INSTANCE_FILE.read_bytes())
    # Dagster speaks LISTEN/NOTIFY through psycopg2; a bare postgresql:// would pick psycopg 3 and hang its runs.
    url = container.database_urls[1].replace("postgres://", "postgresql://", 1)
    url = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    return {"DAGSTER_HOME": str(home), STORAGE_URL_VARIABLE: url}


def open_instance(container: Container) -> dg.DagsterInstance:
    """Open the instance in this process, for runs in this process.

    Their output is ours: it is not captured, which would cost two helper processes a run and mix with the display.
    """
    variables = prepare_dagster_home(container)
    os.environ.update(variables)
    uncaptured = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    home = variables["DAGSTER_HOME"]
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides={"compute_logs": uncaptured}))
