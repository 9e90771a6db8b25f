"""Runs that an operator starts in Dagster's pages: of what failed, and of some languages only."""

import uuid
from collections.abc import Callable, Sequence

import dagster as dg
import pytest
from sqlalchemy import select

from dub_assets.definitions import build_definitions
from dubbing.stages import CaptionFiles
from resources.database.tables import VendorCall
from tests.integration.line.conftest import QUIET, Line

UP_TO_CAPTIONS = ("transcript", "translation", "tts_audio", "captions")


def run_by_hand(
    line: Line, job_id: uuid.UUID, languages: Sequence[str] = (), selection: Sequence[str] = ()
) -> dg.ExecuteInProcessResult:
    """Run as the launchpad does."""
    return (
        build_definitions(line.container)
        .resolve_job_def("dub")
        .execute_in_process(
            instance=line.instance,
            partition_key=str(job_id),
            raise_on_error=False,
            run_config={**QUIET, "resources": {"rerun": {"config": {"languages": list(languages)}}}},
            asset_selection=[dg.AssetKey(name) for name in selection] or None,
        )
    )


def read_failure(result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    told = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert told is not None
    return str(told.metadata["code"].value), told.description or ""


def count_calls(line: Line) -> int:
    with line.database.transaction() as tx:
        return len(tx.session.scalars(select(VendorCall)).all())


def read_checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {
        evaluation.asset_key.to_user_string(): evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == "every_language"
    }


def test_a_run_by_hand_begins_anew_what_failed_and_touches_nothing_else(build_line: Callable[..., Line]) -> None:
    line = build_line()
    line.translator.broken = frozenset({"es"})
    job_id = line.submit("es", "pt-BR")
    first = line.run(job_id)
    checks = read_checks(first)
    for stage in ("translation", "tts_audio", "mixed_audio", "captions", "manifest"):
        assert not checks[stage].passed
        assert "translation_failed: " in str(checks[stage].metadata)
    with line.database.transaction() as tx:
        delivered = tx.values.load_artifacts(job_id)["pt-BR"]
    calls, spoken = count_calls(line), list(line.synthesizer.texts)
    line.translator.broken = frozenset()

    again = run_by_hand(line, job_id)

    assert again.success
    assert set(line.states(job_id)) == {"es", "pt-BR"}
    assert all(state.startswith("completed") for state in line.states(job_id).values())
    assert count_calls(line) == calls + 1 + 2  # a translation and two lines
    assert all(spoken_line.startswith("es ") for spoken_line in line.synthesizer.texts[len(spoken) :])
    with line.database.transaction() as tx:
        job = tx.jobs.get(job_id)
        assert tx.values.load_artifacts(job_id)["pt-BR"] == delivered
        assert (job.attempt, job.launched_attempt, job.run_id) == (2, 2, again.run_id)
        assert job_id not in {waiting.job.id for waiting in tx.launches.list_waiting(50)}
    assert all(check.passed for check in read_checks(again).values())


@pytest.mark.parametrize("asked", [("de",), ("es", "xx")])
def test_a_run_for_a_language_that_the_job_has_not_is_refused_and_harms_nothing(
    build_line: Callable[..., Line], asked: tuple[str, ...]
) -> None:
    line = build_line()
    job_id = line.submit("es", "pt-BR")
    code, message = read_failure(run_by_hand(line, job_id, asked))
    assert code == "unsupported_language"
    assert f"no language {asked[-1]}; it has es, pt-BR" in message
    assert line.states(job_id) == {"es": "queued", "pt-BR": "queued"}
    assert line.recognizer.calls == 0


def test_a_run_for_some_languages_works_on_these_alone(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es", "pt-BR")
    result = run_by_hand(line, job_id, ["pt-BR"], UP_TO_CAPTIONS)
    assert result.success
    made = result.asset_value("captions")
    assert isinstance(made, CaptionFiles)
    assert set(made) == {"pt-BR", ""}
    assert line.states(job_id) == {"es": "queued", "pt-BR": "captioning"}


def test_a_language_that_was_cancelled_is_not_made_by_hand(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es", "pt-BR")
    with line.database.transaction() as tx:
        tx.jobs.cancel(job_id)
    code, message = read_failure(run_by_hand(line, job_id, ["es"], ["transcript"]))
    assert (code, "es was cancelled" in message) == ("unsupported_language", True)


def test_a_run_that_ends_before_the_last_stage_begins_nothing_anew(build_line: Callable[..., Line]) -> None:
    line = build_line()
    line.translator.broken = frozenset({"es", "pt-BR"})
    job_id = line.submit("es", "pt-BR")
    assert not line.run(job_id, ["transcript", "translation"]).success
    line.translator.broken = frozenset()
    run_by_hand(line, job_id, ["es"], ["translation"])
    assert line.states(job_id) == {"es": "failed", "pt-BR": "failed"}
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).attempt == 1
