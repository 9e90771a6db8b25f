"""Runs by hand, runs of an attempt, and what was cancelled or edited between them."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from sqlalchemy import update

from dub_assets.turns import NOT_ITS_TURN
from dubbing.jobs import LanguageState
from dubbing.manifest import parse_manifest
from resources.database.tables import DubbedSegment
from tests.integration.line.conftest import Line
from tests.integration.line.test_edits import NEW_TEXT, Studio, open_studio


@pytest.fixture
def studio(build_line: Callable[..., Line]) -> Iterator[Studio]:
    with open_studio(build_line(), "es", "pt-BR") as studio:
        yield studio


def get_status(studio: Studio, result: dg.ExecuteInProcessResult) -> dg.DagsterRunStatus:
    run = studio.line.instance.get_run_by_id(result.run_id)
    assert run is not None
    return run.status


def cancel_an_edit(studio: Studio) -> None:
    assert studio.edit(1, "pt-BR", text="Um.").status_code == 202
    assert studio.client.post(f"/jobs/{studio.job_id}/cancel").status_code == 202


def test_an_old_cancel_stops_neither_a_run_by_hand_nor_the_edit_of_another_language(studio: Studio) -> None:
    cancel_an_edit(studio)
    again = studio.line.run(studio.job_id, ["captions"], by_hand=True)
    assert get_status(studio, again) == dg.DagsterRunStatus.SUCCESS
    studio.edit_and_run(1, "es", text=NEW_TEXT)
    assert studio.line.states(studio.job_id) == {"es": "completed", "pt-BR": "cancelled"}


def test_a_cancelled_edit_ends_its_run_though_another_language_was_delivered(studio: Studio) -> None:
    cancel_an_edit(studio)
    assert get_status(studio, studio.line.run(studio.job_id, ["captions"])) == dg.DagsterRunStatus.CANCELED


def test_a_run_by_hand_leaves_a_line_that_was_edited_between_its_stages_to_the_run_of_the_edit(
    studio: Studio,
) -> None:
    assert studio.line.run(studio.job_id, ["tts_audio"], by_hand=True).success
    assert studio.edit(1, "es", text=NEW_TEXT).status_code == 202
    rest = studio.line.run(studio.job_id, ["captions", "manifest"], by_hand=True)
    [failure] = rest.get_step_failure_events()[:1]
    assert NOT_ITS_TURN in str(failure.step_failure_data.error)
    assert studio.line.states(studio.job_id) == {"es": "queued", "pt-BR": "completed"}
    assert studio.line.run(studio.job_id).success
    assert NEW_TEXT in studio.read("es/captions.srt").decode()


def test_a_stage_that_lost_its_hold_finishes_no_language_that_was_edited_meanwhile(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dub_assets.manifest as last_stage

    store_document = last_stage._store_document

    def edit_first(stage: last_stage.Stage, document: last_stage.Manifest) -> last_stage.Artifact:
        with studio.line.database.transaction() as tx:
            task = next(each for each in tx.jobs.list_languages(studio.job_id) if each.language == "es")
            tx.jobs.begin_revision(tx.jobs.get(studio.job_id), task)
        return store_document(stage, document)

    monkeypatch.setattr(last_stage, "_store_document", edit_first)
    assert not studio.line.run(studio.job_id, ["manifest"], by_hand=True).success
    assert studio.line.states(studio.job_id)["es"] == LanguageState.QUEUED
    assert studio.list_files()["manifest.json"]["revision"] == 1


def test_a_delivered_language_without_readings_does_not_break_the_edit_of_another(studio: Studio) -> None:
    unread = update(DubbedSegment).where(DubbedSegment.job_id == studio.job_id, DubbedSegment.language == "pt-BR")
    with studio.line.database.transaction() as tx:
        tx.session.execute(unread.values(state=None))
    studio.edit_and_run(1, "es", text=NEW_TEXT)
    assert studio.line.states(studio.job_id) == {"es": "completed", "pt-BR": "completed"}
    entries = parse_manifest(studio.read("manifest.json")).languages
    assert [(entry.language, entry.state) for entry in entries] == [("es", "completed"), ("pt-BR", "completed")]
