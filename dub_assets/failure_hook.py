"""What a run died of, written on the run: operators filter by it, and Dagster does not begin a hopeless one again."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG

from dubbing.errors import DubbingError
from dubbing.retry_policy import get_rule
from resources.telemetry.tracing import fail_span

ERROR_CODE_TAG = "dub/error_code"
FAILURE_TAG = "dub/failure"
PERMANENT, TRANSIENT = "permanent", "transient"


@dg.failure_hook
def tell_failure(context: dg.HookContext) -> None:
    """Write on the run what its first failed step died of.

    A process may still die between that and the end of its run, and Dagster begins again what crashed. After a failure
    for good it is told not to: it reads the tag when the run ends, whoever ends it.
    """
    code = _get_code(context.op_exception)
    fail_span(code)
    run = context.instance.get_run_by_id(context.run_id)
    if run is not None and ERROR_CODE_TAG not in _list_own_tags(context.instance, run):
        context.instance.add_run_tags(context.run_id, describe_failure(code))


def describe_failure(code: str) -> dict[str, str]:
    """Describe a failure in tags.

    >>> describe_failure("storage_failed")
    {'dub/error_code': 'storage_failed', 'dub/failure': 'transient'}
    """
    if get_rule(code).is_transient:
        return {ERROR_CODE_TAG: code, FAILURE_TAG: TRANSIENT}
    return {ERROR_CODE_TAG: code, FAILURE_TAG: PERMANENT, MAX_RETRIES_TAG: "0"}


def _list_own_tags(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Mapping[str, str]:
    """List the tags that a run has not from the one that it repeats: Dagster hands them all on."""
    former = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id is not None else None
    return {} if former is not None and ERROR_CODE_TAG in former.tags else run.tags


def _get_code(error: BaseException | None) -> str:
    """Find the code in what ended a step; what has none is a defect of ours."""
    told = error.metadata.get("code") if isinstance(error, dg.Failure) else None
    return str(told.value) if told is not None else DubbingError.code
