"""Dagster's instance of this installation: its home folder, its database, its configuration and workspace files."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml  # type: ignore[import-untyped]

from dubbing.routing import CLASS_TAG, USER_TAG, RunLimits, plan_limits
from resources.container import Container
from resources.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

INSTANCE_FILE = Path(__file__).parents[1] / "dagster.yaml"
WORKSPACE_FILE = Path(__file__).parents[1] / "workspace.yaml"
STORAGE_URL_VARIABLE = "DUBLINE_DAGSTER_STORAGE_URL"
"""Read by `dagster.yaml`; set here from the settings."""
WRITTEN = "# Written at each start; what differs between installations is set in the environment, not here.\n"


def prepare_dagster_home(container: Container) -> dict[str, str]:
    """Write Dagster's home and return the variables that its processes need."""
    home = container.settings.dagster_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(home / "dagster.yaml", render_instance_file(build_limits(container.settings)))
    # Dagster speaks LISTEN/NOTIFY through psycopg2; a bare postgresql:// would pick psycopg 3 and hang its runs.
    url = container.database_urls[1].replace("postgres://", "postgresql://", 1)
    url = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    return {"DAGSTER_HOME": str(home), STORAGE_URL_VARIABLE: url}


def build_limits(settings: Settings) -> RunLimits:
    """How many jobs this installation works on at once."""
    return plan_limits(settings.max_runs, settings.max_runs_per_user, settings.max_long_runs)


def render_instance_file(limits: RunLimits) -> str:
    """Put an installation's limits into the instance file; Dagster takes them from nowhere but the file."""
    instance = yaml.safe_load(INSTANCE_FILE.read_text(encoding="utf-8"))
    by_tag = {CLASS_TAG: limits.long_runs, USER_TAG: limits.runs_per_user}
    runs = instance["concurrency"]["runs"]
    runs["max_concurrent_runs"] = limits.runs
    for limit in runs["tag_concurrency_limits"]:
        limit["limit"] = by_tag[limit["key"]]
    content: str = yaml.safe_dump(instance, sort_keys=False)
    return WRITTEN + content


def _replace(file: Path, content: str) -> None:
    """Write a file that other processes may be reading."""
    written = file.with_name(f"{file.name}.{os.getpid()}")
    written.write_text(content, encoding="utf-8")
    written.replace(file)


def get_code_location() -> tuple[str, str]:
    """The module with the definitions and the name of its location, as `workspace.yaml` has them."""
    location = yaml.safe_load(WORKSPACE_FILE.read_text(encoding="utf-8"))["load_from"][0]["python_module"]
    return location["module_name"], location["location_name"]


def record_workspace(home: Path, socket: Path) -> Path:
    """Write a workspace file that leads to a code server that runs already, and return where it is.

    With it Dagster's web server and daemon load no code and start no run themselves, so that ending either ends
    no run.

    Args:
        home: Dagster's home; it must exist.
        socket: where the code server listens.
    """
    _, name = get_code_location()
    file = home / "workspace.yaml"
    content = {"load_from": [{"grpc_server": {"socket": str(socket), "location_name": name}}]}
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML too
    return file


def open_instance(container: Container) -> "dg.DagsterInstance":
    """Open the instance in this process, for runs in this process.

    Their output is ours: it is not captured, which would cost two helper processes a run and mix with the display.
    """
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    variables = prepare_dagster_home(container)
    os.environ.update(variables)
    uncaptured = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    home = variables["DAGSTER_HOME"]
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides={"compute_logs": uncaptured}))
