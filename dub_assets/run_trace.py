"""The span of a run: it goes on with the trace of the run's job, and all that the run does hangs below it."""

import uuid
from collections.abc import Iterator
from contextlib import suppress

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from dub_assets.turns import ATTEMPT_TAG
from dubbing.errors import DubbingError
from resources.container import Container
from resources.telemetry.tracing import Attribute, is_tracing, span, start_tracing

TRACEPARENT_TAG = "dub/traceparent"
"""Where in a trace a run goes on (W3C Trace Context); Dagster hands it on to the run that repeats one."""

RUN_TRACE = "run_trace"
"""Name of the resource that opens the span: a resource lives as long as its run."""


def build_run_trace(container: Container) -> dg.ResourceDefinition:
    """Make the resource; where nothing is traced it does nothing."""

    def trace_run(context: dg.InitResourceContext) -> Iterator[None]:
        run = context.run
        start_tracing(container.settings, "run")
        if run is None or not is_tracing():
            yield None
            return
        with span("run", parent=_find_parent(container, run), attributes=_describe(run)):
            yield None

    return dg.ResourceDefinition(trace_run, description="The span of the run, where runs are traced.")


def _find_parent(container: Container, run: dg.DagsterRun) -> str | None:
    """Find where a run goes on: where it was launched, else where its job was submitted, else where we are."""
    if TRACEPARENT_TAG in run.tags:
        return run.tags[TRACEPARENT_TAG]
    # Which job it is, and whether it can be worked on, is for the stages to find out.
    with suppress(DubbingError, ValueError), container.database.transaction() as tx:
        return tx.jobs.get(uuid.UUID(run.tags.get(PARTITION_NAME_TAG, ""))).traceparent
    return None


def _describe(run: dg.DagsterRun) -> dict[str, Attribute]:
    told = {
        "run_id": run.run_id,
        "dagster_job": run.job_name,
        "job": run.tags.get(PARTITION_NAME_TAG),
        "attempt": run.tags.get(ATTEMPT_TAG),
    }
    return {name: value for name, value in told.items() if value is not None}
