"""The mixing stage in a real run: what is asked for is delivered, and proved."""

from collections.abc import Callable
from uuid import UUID

import pytest

from dub_assets.mixed_audio import in_steps
from dub_assets.source import report_job
from dubbing.delivery import Delivery
from dubbing.mixing import DUCK_DB
from dubbing.stages import Artifact
from resources.intake import JobRequest
from tests.integration.line.conftest import USER, Line
from tests.integration.media.test_codecs import read_tags


def submit(line: Line, delivery: Delivery, language: str = "es") -> UUID:
    job = line.container.intake.submit(JobRequest(USER, (language,), "en", delivery=delivery), line.recording)
    with line.database.transaction() as tx:
        upload = tx.uploads.get_of_job(job.job_id)
    report_job(line.instance, job.job_id, upload, line.container.store.locate(upload.storage_key))
    return job.job_id


def load_sounds(line: Line, job_id: UUID) -> dict[str, Artifact]:
    with line.database.transaction() as tx:
        files = [artifact for group in tx.values.load_artifacts(job_id).values() for artifact in group]
    return {file.kind: file for file in files if file.kind.startswith("dub") or file.kind == "voice"}


def test_every_format_that_is_asked_for_is_delivered_with_its_own_figures(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = submit(line, Delivery(formats=("mp3", "wav"), with_voice=True, loudness="ebu_r128"))
    assert line.run(job_id).success
    made = load_sounds(line, job_id)
    assert {kind: (file.path, file.media_type) for kind, file in made.items()} == {
        "dub": ("es/dub.mp3", "audio/mpeg"),
        "dub_wav": ("es/dub.wav", "audio/wav"),
        "voice": ("es/voice.wav", "audio/wav"),
    }
    for kind in ("dub", "dub_wav"):
        measured = made[kind].measurements
        assert measured["integrated_lufs"] == pytest.approx(-23, abs=1)
        assert measured["on_target"] is True
    with line.container.store.fetch(made["dub"].storage_key) as file:
        assert "synthetic" in read_tags(file)["comment"]


def test_a_dub_is_proved_to_leave_the_original_alone_between_its_lines(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = submit(line, Delivery())
    assert line.run(job_id).success
    measured = load_sounds(line, job_id)["dub"].measurements
    assert float(measured["null_residual_db"]) <= -40
    assert abs(float(measured["bed_gain_db"])) > abs(DUCK_DB) / 100


def test_a_dub_without_a_bed_has_nothing_to_prove_there(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = submit(line, Delivery(bed="none"))
    assert line.run(job_id).success
    assert "null_residual_db" not in load_sounds(line, job_id)["dub"].measurements


def test_the_stage_run_again_gives_the_same_bytes_in_every_format(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = submit(line, Delivery(formats=("opus", "flac"), with_voice=True))
    assert line.run(job_id).success
    before = load_sounds(line, job_id)
    assert line.run(job_id, ["mixed_audio"]).success
    assert load_sounds(line, job_id) == before


class FakeStage:
    """Only what progress asks of a stage; it never ends."""

    def check_wanted(self) -> None:
        """Go on."""


def test_progress_is_told_in_steps_and_never_goes_down() -> None:
    told: list[float] = []
    tell = in_steps(FakeStage(), told.append, 0.5, 1.0)  # type: ignore[arg-type]
    for share in range(1001):
        tell(share / 1000)
    assert told == sorted(told)
    assert 20 <= len(told) <= 26
    assert told[0] > 0.5
    assert told[-1] > 0.97
