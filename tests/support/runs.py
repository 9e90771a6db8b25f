"""Runs put straight into Dagster's storage, for tests that need one and not what it does.

Nothing works on them: they cannot prove what a launcher or the queue makes of a run.
"""

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test

ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("dubline"), "__repository__"), "dub")
"""Where runs in a queue say that they come from; nobody is there."""


def build_run(status: DagsterRunStatus, **tags: str) -> DagsterRun:
    """Make a run without storing it; tags are Dagster's own, without their prefix."""
    return DagsterRun(job_name="dub", status=status, tags=_prefix(tags), remote_job_origin=ORIGIN)


def add_run(instance: DagsterInstance, status: DagsterRunStatus, **tags: str) -> DagsterRun:
    """Store a run that has come to a status."""
    return create_run_for_test(instance, "dub", tags=_prefix(tags), status=status, remote_job_origin=ORIGIN)


def _prefix(tags: dict[str, str]) -> dict[str, str]:
    return {f"dagster/{key}": value for key, value in tags.items()}
