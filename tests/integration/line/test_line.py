import hashlib
import json
from collections.abc import Callable
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import select, text

from dubbing.errors import DiskFullError
from dubbing.manifest import Manifest, parse_manifest
from resources.database.tables import VendorCall
from tests.integration.line.conftest import Line

STAGES = ["transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest"]


def read_artifact(line: Line, job_id: UUID, path: str) -> bytes:
    with line.database.transaction() as tx:
        artifacts = [artifact for group in tx.values.load_artifacts(job_id).values() for artifact in group]
    [key] = [artifact.storage_key for artifact in artifacts if artifact.path == path]
    with line.container.store.fetch(key) as file:
        return file.read_bytes()


def read_manifest(line: Line, job_id: UUID) -> Manifest:
    return parse_manifest(read_artifact(line, job_id, "manifest.json"))


def test_a_job_goes_through_every_stage_and_ends_proved(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es", "pt-BR")
    result = line.run(job_id)
    assert result.success
    assert set(line.states(job_id).values()) <= {"completed", "completed_with_issues"}
    with line.database.transaction() as tx:
        artifacts = [artifact for group in tx.values.load_artifacts(job_id).values() for artifact in group]
        assert {task.progress for task in tx.jobs.list_languages(job_id)} == {100}
    assert sorted(artifact.path for artifact in artifacts) == [
        "es/captions.srt", "es/captions.vtt", "es/dub.m4a", "es/waveform.png",
        "manifest.json",
        "pt-BR/captions.srt", "pt-BR/captions.vtt", "pt-BR/dub.m4a", "pt-BR/waveform.png",
        "source/captions.srt", "source/captions.vtt",
    ]  # fmt: skip
    for artifact in artifacts:
        with line.container.store.fetch(artifact.storage_key) as file:
            assert hashlib.sha256(file.read_bytes()).hexdigest() == artifact.sha256


def test_every_stage_run_a_second_time_buys_nothing_and_gives_the_same_bytes(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    assert line.run(job_id).success
    with line.database.transaction() as tx:
        before = tx.values.load_artifacts(job_id)
        calls = len(tx.session.scalars(select(VendorCall).where(VendorCall.job_id == job_id)).all())
    spoken = list(line.synthesizer.texts)
    for stage in STAGES:
        assert line.run(job_id, [stage]).success
    with line.database.transaction() as tx:
        assert tx.values.load_artifacts(job_id) == before
        assert len(tx.session.scalars(select(VendorCall).where(VendorCall.job_id == job_id)).all()) == calls
    assert (line.recognizer.calls, line.synthesizer.texts) == (1, spoken)


def test_the_same_recording_as_a_new_job_buys_nothing(build_line: Callable[..., Line]) -> None:
    line = build_line()
    first = line.submit("es")
    assert line.run(first).success
    second = line.submit("es")
    assert second != first
    assert line.run(second).success
    with line.database.transaction() as tx:
        assert tx.purchases.count_calls(second) == {}


def test_a_language_that_cannot_be_translated_fails_alone(build_line: Callable[..., Line]) -> None:
    line = build_line()
    line.translator.broken = frozenset({"es"})
    job_id = line.submit("es", "pt-BR")
    result = line.run(job_id)
    assert result.success
    states = line.states(job_id)
    assert states["es"] == "failed"
    assert states["pt-BR"].startswith("completed")
    checks = {
        (evaluation.asset_key.to_user_string(), evaluation.check_name): evaluation
        for evaluation in result.get_asset_check_evaluations()
    }
    assert not checks["translation", "every_language"].passed
    assert "translation_failed" in json.dumps(
        {key: str(value.value) for key, value in checks["translation", "every_language"].metadata.items()}
    )
    assert not checks["tts_audio", "every_language"].passed
    manifest = read_manifest(line, job_id)
    assert {entry.language: entry.state for entry in manifest.languages}["es"] == "failed"
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).state == "completed_with_issues"


def test_one_line_that_cannot_be_read_costs_neither_the_language_nor_its_caption(
    build_line: Callable[..., Line],
) -> None:
    line = build_line()
    line.synthesizer.fails = lambda spoken, language: "walk" in spoken
    job_id = line.submit("es")
    assert line.run(job_id).success
    assert line.states(job_id) == {"es": "completed_with_issues"}
    with line.database.transaction() as tx:
        voiced = tx.values.load_voiced(job_id)["es"]
    assert [segment.error_code for segment in voiced] == [None, "synthesis_failed"]
    assert b"walk" in read_artifact(line, job_id, "es/captions.srt")


def test_a_job_with_no_language_left_fails_with_the_reason(build_line: Callable[..., Line]) -> None:
    line = build_line()
    line.synthesizer.fails = lambda spoken, language: True
    job_id = line.submit("es", "pt-BR")
    assert not line.run(job_id).success
    assert set(line.states(job_id).values()) == {"failed"}
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).state == "failed"
        assert {task.error_code for task in tx.jobs.list_languages(job_id)} == {"synthesis_failed"}


def test_a_defect_of_ours_in_one_language_does_not_cost_the_others(build_line: Callable[..., Line]) -> None:
    line = build_line()

    def break_spanish(spoken: str, language: str) -> bool:
        if language == "es":
            raise ZeroDivisionError("secret words of the customer")
        return False

    line.synthesizer.fails = break_spanish
    job_id = line.submit("es", "pt-BR")
    assert line.run(job_id).success
    states = line.states(job_id)
    assert states["es"] == "failed"
    assert states["pt-BR"].startswith("completed")


def test_a_full_disk_is_no_languages_fault_and_ends_the_job_with_its_own_code(build_line: Callable[..., Line]) -> None:
    line = build_line()

    def fill_the_disk(spoken: str, language: str) -> bool:
        raise DiskFullError("The disk is full.")

    line.synthesizer.fails = fill_the_disk
    job_id = line.submit("es", "pt-BR")
    assert not line.run(job_id).success
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).error_code == "disk_full"
        assert {task.error_code for task in tx.jobs.list_languages(job_id)} == {"disk_full"}


def test_after_a_repair_a_rerun_buys_only_what_was_missing(build_line: Callable[..., Line]) -> None:
    line = build_line()
    line.synthesizer.fails = lambda spoken, language: "walk" in spoken
    job_id = line.submit("es")
    assert line.run(job_id).success
    line.synthesizer.fails = lambda spoken, language: False
    spoken = len(line.synthesizer.texts)
    assert line.run(job_id, ["tts_audio"]).success
    assert len(line.synthesizer.texts) == spoken + 1
    with line.database.transaction() as tx:
        assert all(segment.take_key for segment in tx.values.load_voiced(job_id)["es"])


def test_no_word_of_the_customer_is_in_dagsters_records(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    result = line.run(job_id)
    events = [str(entry.to_json()) for entry in line.instance.all_logs(result.run_id)]
    assert len(events) > 20
    assert not [event for event in events if "small step" in event or "long walk" in event]


def test_a_running_job_is_not_touched_by_a_second_run(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    with line.database.lock_job(str(job_id)):
        assert not line.run(job_id).success
    assert line.states(job_id) == {"es": "queued"}
    assert line.run(job_id).success


def test_the_partition_and_its_materialisations_are_there_for_the_ui(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    assert line.run(job_id).success
    assert str(job_id) in line.instance.get_dynamic_partitions("dub_jobs")
    for stage in STAGES:
        record = line.instance.get_latest_materialization_event(dg.AssetKey(stage))
        assert record is not None
        assert record.asset_materialization is not None
        assert record.asset_materialization.metadata


@pytest.mark.parametrize("stage", STAGES)
def test_the_line_has_each_stage_with_description_owner_group_and_check(
    build_line: Callable[..., Line], stage: str
) -> None:
    from dub_assets.definitions import build_definitions

    graph = build_definitions(build_line().container).resolve_asset_graph()
    node = graph.get(dg.AssetKey(stage))
    assert node.description
    assert node.owners == ["team:dubbing"]
    assert node.group_name == "dub"
    assert node.check_keys


def test_the_job_records_what_it_bought_and_from_whom(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    assert line.run(job_id).success
    with line.database.transaction() as tx:
        rows = tx.session.execute(
            text("SELECT operation, engine, state, usage FROM vendor_calls WHERE job_id = :id ORDER BY started_at"),
            {"id": job_id},
        ).all()
    assert rows[0] == ("recognize", line.recognizer.name, "settled", {"ms": 12_000})
    assert [row.operation for row in rows] == ["recognize", "translate", "synthesize", "synthesize"]
    assert {row.state for row in rows} == {"settled"}
