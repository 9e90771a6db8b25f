"""Dagster's own code server, whose runs are forked from a process that has imported everything already.

A stock code server starts a new interpreter for each run, and that spends two seconds of processor time on imports
before the first step. This one differs in a single private attribute: how it makes processes. It is pinned with the
release of Dagster; a contract test says when that attribute is not what it was.
"""

import multiprocessing
import sys
from multiprocessing import forkserver

from dagster._cli import main
from dagster._grpc import server

PRELOADED = ("dagster_postgres", "dagster._core.execution.api", "sensors.definitions")
"""What every run needs. None of it starts a thread or opens a connection, which a fork would not survive."""


def fork_runs() -> None:
    """Let code servers of this process fork their runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    forkserver.ensure_running()  # it imports meanwhile
    build = server.DagsterApiServer.__init__

    def build_forking(self: server.DagsterApiServer, *arguments: object, **options: object) -> None:
        build(self, *arguments, **options)  # type: ignore[arg-type]
        self._mp_ctx = context  # type: ignore[assignment]

    server.DagsterApiServer.__init__ = build_forking  # type: ignore[method-assign]


if __name__ == "__main__":
    fork_runs()
    sys.argv[0] = "dagster"
    main()  # type: ignore[no-untyped-call]
