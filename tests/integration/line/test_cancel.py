import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import select

from dub_assets.stage import Stage
from dubbing.errors import DiskFullError
from dubbing.jobs import STAGE_START_PERCENT, LanguageState
from resources.database.tables import DeadLetter, VendorCall
from tests.integration.line.conftest import Line
from tests.support.processes import list_ffmpeg
from tests.support.waiting import wait_for


def cancel(line: Line, job_id: UUID) -> None:
    with line.database.transaction() as tx:
        tx.jobs.cancel(job_id)


@contextmanager
def running(line: Line, job_id: UUID) -> Iterator[list[dg.ExecuteInProcessResult]]:
    """Run a job beside the block, and wait for its end."""
    results: list[dg.ExecuteInProcessResult] = []
    thread = threading.Thread(target=lambda: results.append(line.run(job_id)))
    thread.start()
    yield results
    thread.join(60)


def test_a_job_cancelled_during_synthesis_ends_cancelled_and_so_does_its_run(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    line = build_line()
    speaking, go_on = threading.Event(), threading.Event()

    def speak_slowly(spoken: str, language: str) -> bool:
        speaking.set()
        assert go_on.wait(30)
        return False

    line.synthesizer.fails = speak_slowly
    job_id = line.submit("es", "pt-BR")
    with running(line, job_id) as results:
        assert speaking.wait(30)
        cancel(line, job_id)
        go_on.set()
    [result] = results
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED
    assert set(line.states(job_id).values()) == {"cancelled"}
    assert len(line.synthesizer.texts) <= 2
    with line.database.transaction() as tx:
        job = tx.jobs.get(job_id)
    assert (job.state, job.error_code) == ("cancelled", None)


@pytest.mark.parametrize("state", [state for state in STAGE_START_PERCENT if state is not LanguageState.QUEUED])
def test_a_cancel_in_any_stage_leaves_a_clean_state(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: LanguageState
) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    line, report = build_line(), Stage.report
    job_id = line.submit("es", "pt-BR")

    def report_and_be_cancelled(stage: Stage, languages: Collection[str], share_done: float) -> None:
        report(stage, languages, share_done)
        if stage.state is state and set(line.states(job_id).values()) != {"cancelled"}:
            cancel(line, job_id)

    monkeypatch.setattr(Stage, "report", report_and_be_cancelled)
    result = line.run(job_id)
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED
    assert line.states(job_id) == {"es": "cancelled", "pt-BR": "cancelled"}
    assert list_ffmpeg() == []
    assert list(tmp_path.glob("dubline-*")) == []
    assert [path for path in (tmp_path / "data" / "store" / ".incoming").rglob("*") if path.is_file()] == []
    with line.database.transaction() as tx:
        job = tx.jobs.claim(job_id)  # nobody holds it
        assert (job.state, job.error_code) == ("cancelled", None)
        assert tx.session.scalars(select(DeadLetter.id).where(DeadLetter.job_id == job_id)).all() == []
        calls = tx.session.scalars(select(VendorCall.state).where(VendorCall.job_id == job_id)).all()
    assert "started" not in calls


def test_an_ffmpeg_at_work_for_a_cancelled_job_is_ended_and_leaves_no_file(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    line = build_line()
    begun = threading.Event()

    def render_for_ever(*args: object, **kwargs: object) -> None:
        from resources.media.ffmpeg import start_ffmpeg

        endless = ["-f", "lavfi", "-i", "anullsrc", "-f", "null", "-re", "-"]
        with start_ffmpeg(line.container.ffmpeg, endless, purpose="wait"):
            begun.set()

    monkeypatch.setattr("dub_assets.mixing_desk.render_mix", render_for_ever)
    job_id = line.submit("es")
    with running(line, job_id) as results:
        assert begun.wait(30)
        wait_for(lambda: bool(list_ffmpeg()), "ffmpeg to run")
        cancel(line, job_id)
    assert results
    assert list_ffmpeg() == []
    assert list(tmp_path.glob("dubline-*")) == []
    assert line.states(job_id) == {"es": "cancelled"}


def test_a_run_of_a_cancelled_job_buys_nothing(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    cancel(line, job_id)
    result = line.run(job_id)
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED
    assert line.recognizer.calls == 0


def test_a_fault_of_the_machine_is_not_taken_for_a_cancel(build_line: Callable[..., Line]) -> None:
    line = build_line()

    def fill_the_disk(spoken: str, language: str) -> bool:
        raise DiskFullError("The disk is full.")

    line.synthesizer.fails = fill_the_disk
    job_id = line.submit("es", "pt-BR")
    result = line.run(job_id)
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    with line.database.transaction() as tx:
        assert tx.jobs.get(job_id).error_code == "disk_full"
