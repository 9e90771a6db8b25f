"""Dagster's own code server, whose runs are forked from a process that has imported everything already.

A stock code server starts a new interpreter for each run, and that spends two seconds of processor time on imports
before the first step. This one differs in a single private attribute: how it makes processes. It is pinned with the
release of Dagster; a contract test says when that attribute is not what it was.
"""

import multiprocessing
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path

from dagster._grpc import server

from resources.settings import load_settings
from resources.workspaces import open_workspace
from sensors.stock import run

PRELOADED = ("dagster_postgres", "dagster._core.execution.api", "sensors.definitions")
"""What every run needs. None of it starts a thread or opens a connection, which a fork would not survive."""


TRACING = "resources.telemetry.otlp"
"""What runs need on top where they are traced."""


def fork_runs(preloaded: Sequence[str] = PRELOADED) -> None:
    """Let code servers of this process fork their runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preloaded))
    forkserver.ensure_running()  # it imports meanwhile
    build = server.DagsterApiServer.__init__

    def build_forking(self: server.DagsterApiServer, *arguments: object, **options: object) -> None:
        build(self, *arguments, **options)  # type: ignore[arg-type]
        self._mp_ctx = context  # type: ignore[assignment]

    server.DagsterApiServer.__init__ = build_forking  # type: ignore[method-assign]


def keep_sockets_in(folder: Path) -> None:
    """Let this process's forkserver listen in a folder that is swept; its own is left for ever by ``kill -9``."""
    multiprocessing.current_process()._config["tempdir"] = str(folder)  # type: ignore[attr-defined]


if __name__ == "__main__":
    with open_workspace("code") as workspace:
        keep_sockets_in(workspace)
        fork_runs(PRELOADED if load_settings().otlp_endpoint is None else (*PRELOADED, TRACING))
        run("code")
