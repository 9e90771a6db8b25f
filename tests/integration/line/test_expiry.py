"""A real job, from submission over an edit to its expiry; then not one of the customer's words is left anywhere."""

import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, create_engine, text

from dub_assets.definitions import build_definitions
from dub_assets.partitions import dub_jobs
from dub_assets.source import report_job
from resources.database.segment_edits import Wish
from resources.database.tables import ErasureCause
from resources.intake import JobRequest
from schedules.retention import hourly_retention
from sensors.definitions import defs
from tests.integration.line.conftest import QUIET, USER, Line
from tests.support.engines import make_words
from tests.support.kept import search_everywhere

WORD = "periwinkle"
"""Said, translated, edited, and in everything that the customer named."""

PUT_BACK = """
    UPDATE dubbing_jobs SET finished_at = finished_at - interval '49 hours';
    UPDATE artifacts SET expires_at = expires_at - interval '49 hours', created_at = created_at - interval '49 hours';
    UPDATE uploads SET created_at = created_at - interval '49 hours';
    UPDATE takes SET used_at = used_at - interval '49 hours';
    UPDATE transcripts SET used_at = used_at - interval '49 hours';
    UPDATE translations SET used_at = used_at - interval '49 hours';
"""


@pytest.fixture
def line(build_line: Callable[..., Line], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    line = build_line()
    line.recording = line.recording.rename(tmp_path / f"{WORD}.wav")
    words = (*make_words(f"One {WORD} step.", start_ms=1000), *make_words(f"And a {WORD} walk.", start_ms=6000))
    line.recognizer.hear(words, 12_000)
    return line


@pytest.fixture
def dagster_engine(databases: tuple[str, str]) -> Iterator[Engine]:
    engine = create_engine(databases[1].replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def submit(line: Line, *languages: str) -> uuid.UUID:
    request = JobRequest(USER, languages, "en", glossary=[{"term": WORD, "keep": True}], reference=f"my {WORD}")
    job_id = line.container.intake.submit(request, line.recording).job_id
    with line.database.transaction() as tx:
        upload = tx.uploads.get_of_job(job_id)
        tx.jobs.get(job_id).idempotency_key = f"{WORD} {job_id}"
    report_job(line.instance, job_id, upload, line.container.store.locate(upload.storage_key))
    return job_id


def edit(line: Line, job_id: uuid.UUID) -> None:
    with line.database.transaction() as tx:
        job = tx.jobs.claim(job_id)
        [task] = [task for task in tx.jobs.list_languages(job_id) if task.language == "es"]
        tx.edits.record(job_id, "es", 1, Wish(text=f"otro {WORD}"), tx.jobs.begin_revision(job, task))


def finish_attempt(line: Line, job_id: uuid.UUID) -> None:
    """Note what the sensors would: the attempt had its run, and that is over."""
    with line.database.transaction() as tx:
        attempt = tx.jobs.get(job_id).attempt
        tx.launches.mark_launched(job_id, attempt, str(uuid.uuid4()))
        tx.launches.mark_ended(job_id, attempt)


def dub(line: Line, *languages: str) -> uuid.UUID:
    job_id = submit(line, *(languages or ("es",)))
    assert line.run(job_id).success
    finish_attempt(line, job_id)
    return job_id


def dub_and_edit(line: Line) -> uuid.UUID:
    """Have a job made of which one line is lost, and another line of it made again."""
    line.synthesizer.fails = lambda spoken, language: language == "pt-BR" and "walk" in spoken
    job_id = dub(line, "es", "pt-BR")
    edit(line, job_id)
    assert line.run(job_id).success
    finish_attempt(line, job_id)
    return job_id


def sweep(line: Line) -> dg.ExecuteInProcessResult:
    job = build_definitions(line.container).resolve_job_def("sweep")
    return job.execute_in_process(instance=line.instance, raise_on_error=True, run_config=QUIET)


def search_files(folder: Path) -> list[Path]:
    """Files that have the word in their bytes or in their name."""
    word = WORD.encode()
    return [
        path
        for path in folder.rglob("*")
        if WORD in path.name.lower() or (path.is_file() and word in path.read_bytes().lower())
    ]


def test_after_expiry_no_word_of_the_customer_is_left_anywhere(
    line: Line,
    dagster_engine: Engine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    job_id = dub_and_edit(line)
    found = search_everywhere(line.database.engine, WORD)
    assert {
        "segments.text", "dubbed_segments.text", "segment_edits.text", "transcripts.words", "translations.text",
        "dubbing_jobs.glossary", "dubbing_jobs.reference", "dubbing_jobs.idempotency_key", "uploads.file_name",
    } <= set(found)  # fmt: skip
    with line.database.transaction() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM dead_letters WHERE state = 'open'"))
    assert search_files(line.container.settings.store_dir)
    with line.database.engine.begin() as connection:
        connection.exec_driver_sql(PUT_BACK)

    result = sweep(line)

    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    line.recording.unlink()  # the customer's own
    assert search_everywhere(line.database.engine, WORD) == []
    assert search_everywhere(dagster_engine, WORD) == []
    assert search_files(tmp_path) == []
    assert [path for path in line.container.settings.store_dir.rglob("*") if path.is_file()] == []
    assert WORD not in caplog.text.lower()
    assert [stream for stream in capfd.readouterr() if WORD in stream.lower()] == []
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).state == "expired"
        assert tx.session.scalar(text("SELECT count(*) FROM dead_letters WHERE state = 'open'")) == 0
    assert not line.instance.has_dynamic_partition(str(dub_jobs.name), str(job_id))


def test_a_job_erased_on_request_leaves_no_word_in_any_cache(line: Line) -> None:
    job_id = dub_and_edit(line)
    done = line.container.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    assert done.receipt is not None
    assert search_everywhere(line.database.engine, WORD) == []
    assert [path for path in line.container.settings.store_dir.rglob("*") if path.is_file()] == []


def test_a_fresh_job_is_not_touched_by_the_hourly_sweep(line: Line) -> None:
    job_id = dub(line)
    before = sorted(line.container.settings.store_dir.rglob("*"))
    [materialized] = sweep(line).asset_materializations_for_node("retention")
    assert materialized.metadata["jobs"].value == 0
    assert sorted(line.container.settings.store_dir.rglob("*")) == before
    assert line.instance.has_dynamic_partition(str(dub_jobs.name), str(job_id))


def test_a_run_by_hand_of_an_erased_job_is_refused_before_it_does_anything(line: Line) -> None:
    job_id = dub(line)
    line.container.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by="ana")
    heard = line.recognizer.calls
    assert not line.run(job_id, by_hand=True).success
    assert line.recognizer.calls == heard
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).state == "expired"


def test_a_sweep_that_the_store_breaks_off_fails_its_check(line: Line) -> None:
    dub(line)
    with line.database.engine.begin() as connection:
        connection.exec_driver_sql(PUT_BACK)
    store = line.container.settings.store_dir
    store.rename(store.with_name("away"))
    [check] = sweep(line).get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.metadata["broken_off"].value == "storage_failed"
    store.with_name("away").rename(store)
    [check] = sweep(line).get_asset_check_evaluations()
    assert check.passed


def test_dagsters_own_processes_can_load_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_DATA_DIR", str(tmp_path))
    loaded = defs()
    dg.Definitions.validate_loadable(loaded)
    repository = loaded.get_repository_def()
    assert {"dub", "sweep", "bill"} <= set(repository.job_names)
    assert {schedule.name for schedule in repository.schedule_defs} == {"hourly_retention", "hourly_bill"}
    sensors = {sensor.name for sensor in repository.sensor_defs}
    assert sensors == {"new_jobs", "run_outcomes", "erasures", "releases", "money"}


def test_the_sweep_is_launched_every_hour_by_default() -> None:
    assert (hourly_retention.cron_schedule, hourly_retention.execution_timezone) == ("0 * * * *", "UTC")
    assert hourly_retention.default_status is dg.DefaultScheduleStatus.RUNNING
    context = dg.build_schedule_context(scheduled_execution_time=datetime.now(UTC) + timedelta(hours=1))
    [request] = hourly_retention.evaluate_tick(context).run_requests or []
    assert request.partition_key is None
