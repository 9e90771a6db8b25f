"""What a failed run is marked with, and what Dagster's own retries make of it.

The daemon is not run: its code that chooses the runs to begin again is asked, over the instance that it would use.
"""

from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.storage.tags import MAX_RETRIES_TAG, WILL_RETRY_TAG
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import filter_runs_to_should_retry

from dub_assets.failure_hook import ERROR_CODE_TAG, FAILURE_TAG, describe_failure
from dubbing.errors import NoSpeechError
from tests.integration.line.conftest import Line
from tests.support.runs import add_run


def get_run(line: Line, run_id: str) -> dg.DagsterRun:
    run = line.instance.get_run_by_id(run_id)
    assert run is not None
    return run


def is_begun_again(line: Line, run_id: str) -> bool:
    return bool(list(filter_runs_to_should_retry([get_run(line, run_id)], line.instance)))


def test_a_permanent_failure_is_tried_once_and_marked_so(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = build_line(("es",))
    job_id = line.submit("es")

    def hear_nobody(*arguments: object, **options: object) -> None:
        line.recognizer.calls += 1
        raise NoSpeechError("Nobody speaks.")

    monkeypatch.setattr(line.recognizer, "recognize", hear_nobody)
    result = line.run(job_id)
    tags = get_run(line, result.run_id).tags
    assert (tags[ERROR_CODE_TAG], tags[FAILURE_TAG], tags[MAX_RETRIES_TAG]) == ("no_speech", "permanent", "0")
    assert line.recognizer.calls == 1
    assert not is_begun_again(line, result.run_id)


def test_a_run_that_loses_all_its_languages_is_marked_with_what_they_died_of(build_line: Callable[..., Line]) -> None:
    line = build_line(("es",))
    line.translator.broken = frozenset({"es"})
    result = line.run(line.submit("es"), ["transcript", "translation"])
    tags = get_run(line, result.run_id).tags
    assert (tags[ERROR_CODE_TAG], tags[FAILURE_TAG]) == ("translation_failed", "transient")
    assert MAX_RETRIES_TAG not in tags


@pytest.mark.parametrize(("died_of", "begun_again"), [("no_speech", False), ("storage_failed", True), (None, True)])
def test_a_run_whose_process_dies_is_begun_again_unless_it_had_failed_for_good(
    build_line: Callable[..., Line], died_of: str | None, begun_again: bool
) -> None:
    line = build_line(("es",))
    run = add_run(line.instance, dg.DagsterRunStatus.STARTED, max_retries="1")
    if died_of is not None:
        line.instance.add_run_tags(run.run_id, describe_failure(died_of))
    line.instance.report_run_failed(get_run(line, run.run_id))
    assert get_run(line, run.run_id).tags[WILL_RETRY_TAG] == str(begun_again).lower()
    assert is_begun_again(line, run.run_id) == begun_again
