"""A scene with two people and music, dubbed by real voices: what a dubbing engineer would measure of it."""

import uuid
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from dub_assets.instance import open_instance
from dub_assets.source import report_job
from dubbing.delivery import BedKind, Delivery
from dubbing.engines import Answer, Recording
from dubbing.quality import Quality
from dubbing.stages import Artifact
from dubbing.transcript import Transcript
from dubbing.translation_batches import Batch, ReplyLine
from resources.container import Container
from resources.intake import JobRequest
from resources.local.recognizer import RATE_HZ as HEARING_RATE_HZ
from resources.local.recognizer import LocalRecognizer
from resources.media.decoding import decode_blocks, decode_mono
from resources.media.ffmpeg import find_ffmpeg
from resources.settings import Settings
from tests.integration.line.conftest import USER, Line
from tests.support.engines import MarkingTranslator
from tests.support.local_engine import THREADS, get_cache_dir, get_synthesizer, get_weights
from tests.support.scene import RATE_HZ, Scene, record_scene

LANGUAGE = "pt-BR"


class SceneRecognizer:
    """Knows who says what when in the scene, and really listens to everything else."""

    vendor = model = "local"

    def __init__(self, scene: Scene) -> None:
        self.name = f"scene-{uuid.uuid4()}"
        self._scene = scene.dialogue
        self.local = LocalRecognizer(
            get_weights(), lambda audio: decode_mono(audio, find_ffmpeg(), rate_hz=HEARING_RATE_HZ), threads=THREADS
        )

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        if abs(recording.duration_ms - self._scene.duration_ms) <= 1:
            return Answer(Transcript("en", self._scene.duration_ms, self._scene.words))
        return self.local.recognize(recording, language=language)


class SceneTranslator(MarkingTranslator):
    """Knows the scene's lines."""

    def __init__(self, scene: Scene) -> None:
        super().__init__((LANGUAGE,))
        self._lines = scene.dialogue.list_translations(LANGUAGE)

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        return Answer(tuple(ReplyLine(line.number, self._lines[line.text]) for line in batch.lines))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return record_scene(tmp_path_factory.mktemp("scene") / "scene.wav")


class Studio:
    """Dubs the scene; each bed on the same takes."""

    def __init__(self, container: Container, line: Line, scene: Scene) -> None:
        self._container = container
        self._line = line
        self._scene = scene

    def dub(self, bed: BedKind) -> tuple[Quality, Mapping[str, Artifact]]:
        delivery = Delivery(bed=bed, formats=("wav",))
        request = JobRequest(USER, (LANGUAGE,), "en", delivery=delivery)
        job_id = self._container.intake.submit(request, self._scene.file).job_id
        with self._container.database.transaction() as tx:
            upload = tx.uploads.get_of_job(job_id)
        report_job(self._line.instance, job_id, upload, self._container.store.locate(upload.storage_key))
        result = self._line.run(job_id)
        assert result.success, [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
        with self._container.database.transaction() as tx:
            (task,) = tx.jobs.list_languages(job_id)
            quality = Quality.model_validate(task.quality)
            files = tx.values.load_artifacts(job_id)[LANGUAGE]
        return quality, {file.kind: file for file in files}

    def listen(self, artifact: Artifact) -> NDArray[np.float32]:
        with self._container.store.fetch(artifact.storage_key) as file:
            blocks = decode_blocks(file, self._container.ffmpeg, rate_hz=RATE_HZ, channels=2, block_frames=1 << 16)
            return np.concatenate(list(blocks))


@pytest.fixture(scope="module")
def studio(databases: tuple[str, str], scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        cache_dir=get_cache_dir(),
        database_url=SecretStr(databases[0]),
        dagster_database_url=SecretStr(databases[1]),
    )
    recognizer, translator, synthesizer = SceneRecognizer(scene), SceneTranslator(scene), get_synthesizer()
    engines = {"recognizer": recognizer, "translator": translator, "synthesizer": synthesizer}
    container = Container(settings, overrides=engines)
    line = Line(container, open_instance(container), scene.file, recognizer, translator, synthesizer)  # type: ignore[arg-type]
    yield Studio(container, line, scene)
    line.instance.dispose()
    container.close()


def test_a_dub_over_the_ducked_original_is_what_an_engineer_would_sign(studio: Studio, scene: Scene) -> None:
    quality, files = studio.dub("duck")
    print(f"\n{quality.model_dump()}")
    assert (quality.voiced, quality.segments) == (5, 5)
    assert quality.source_overlap is not None
    assert quality.source_overlap >= 0.70
    assert quality.onset_p95_ms is not None
    assert quality.onset_p95_ms <= 120
    assert quality.max_speed <= 1.30
    assert abs(quality.integrated_lufs + 16) <= 0.5
    assert quality.true_peak_dbtp <= -1.0
    assert quality.caption_violations == 0
    assert quality.word_error_rate is not None
    assert quality.word_error_rate <= 0.20
    assert quality.null_residual_db is not None
    assert quality.null_residual_db <= -40
    dub = studio.listen(files["dub"])
    assert dub.shape[1] == 2
    assert abs(len(dub) - len(scene.music)) <= RATE_HZ // 10


def test_separation_leaves_the_music_and_nothing_of_what_was_said(studio: Studio, scene: Scene) -> None:
    quality, _ = studio.dub("separate")
    print(f"\n{quality.model_dump()}")
    assert quality.null_residual_db is not None
    assert quality.null_residual_db <= -40
    assert quality.word_error_rate is not None
    assert quality.word_error_rate <= 0.20
