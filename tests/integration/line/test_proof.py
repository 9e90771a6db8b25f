"""What is proved of a finished dub, with a real track, database and store and a scripted recogniser.

The recogniser hears what it is told to: how well real ones understand real voices is not proved here.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import select

from api.jobs.quality import QualityReply
from dub_assets.proof import check_proofs, prove_dub, show_waveforms
from dub_assets.stage import Stage
from dubbing.engines import LOCAL, Answer, Recording
from dubbing.envelope import build_envelope
from dubbing.errors import DubbingError, NoSpeechError, UnsupportedLanguageError, VendorUnavailableError
from dubbing.jobs import LanguageState
from dubbing.manifest import parse_manifest
from dubbing.mixing import PRESETS, Loudness
from dubbing.stages import Artifact, Dubs, Measurements, SegmentedTranscript, VoicedSegment
from dubbing.transcript import Segment, Transcript, Word
from dubbing.usage import Receipt
from resources.database.tables import VendorCall
from resources.media.bed import Bed
from resources.media.mixing import Mix
from resources.media.pcm_file import PCM_OPTIONS, PcmFile
from resources.media.voice_track import PlacedSpeech, write_voice_track
from resources.purchasing.transcripts import Transcripts
from tests.integration.line.conftest import Line
from tests.support.audio import encode, make_noise, make_tone
from tests.support.engines import RATE_HZ

TEXTS = (
    "Un paso para todos nosotros y otro más.",
    "Y luego quince horas de camino largo.",
    "Por fin en casa otra vez.",
)
SPANS = ((1_000, 4_000), (6_000, 9_000), (15_000, 18_000))
TOTAL_MS = 20_000


class ToldRecognizer:
    """Hears in each line of a cut recording what it is told; it cannot prove what a real one would hear."""

    vendor = model = LOCAL

    def __init__(self, heard: Sequence[str] | DubbingError) -> None:
        self.name = f"told-{uuid.uuid4()}"
        self.heard = heard
        self.languages: list[str | None] = []

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        self.languages.append(language)
        if isinstance(self.heard, DubbingError):
            raise self.heard
        words = []
        for number, text in enumerate(self.heard):
            spoken = text.split()
            at_ms, step_ms = 500 + number * 3_500, 3_000 // max(1, len(spoken))
            words += [Word(word, at_ms + n * step_ms, at_ms + (n + 1) * step_ms) for n, word in enumerate(spoken)]
        return Answer(Transcript(language or "und", recording.duration_ms, tuple(words)), Receipt())


class Studio:
    """A finished voice track of one job, to be proved."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.job_id = line.submit("es")
        tone = make_tone(220, 3_000, RATE_HZ)
        self.track = write_voice_track(
            (PlacedSpeech(start_ms, tone, RATE_HZ) for start_ms, _ in SPANS),
            line.container.ffmpeg,
            total_ms=TOTAL_MS,
            rate_hz=48_000,
            out=folder / "voice.wav",
        ).path
        with PcmFile(self.track, 2) as track:
            self.mix = self.write_mix(track.read(0, track.frames)[:, 0])

    def write_mix(self, sound: np.ndarray) -> Mix:
        path = encode(self.line.container.ffmpeg, sound, 48_000, self.folder / "mix.wav", *PCM_OPTIONS)
        return Mix(path, 48_000, 1, len(sound), Loudness(-16.0, -1.0, 0.0), PRESETS["podcast"])

    def list_broken(self, measured: Measurements) -> set[str]:
        results = check_proofs({"es": measured}, self.line.container.settings)
        return {str(result.check_name) for result in results if not result.passed}

    def recognise(self, heard: Sequence[str] | DubbingError, which: str = "sample") -> ToldRecognizer:
        container = self.line.container
        container.settings = container.settings.model_copy(update={"recognise_again": which})
        recognizer = ToldRecognizer(heard)
        vars(container)["transcripts"] = Transcripts(
            container.database, container.store, container.gate, container.claims, recognizer, is_within_reach=False
        )
        return recognizer

    def prove(self, spans: Sequence[tuple[int, int]] = SPANS) -> tuple[Measurements, Sequence[Artifact]]:
        segments = [Segment(n, start, end, "x") for n, (start, end) in enumerate(spans, start=1)]
        lines = [
            VoicedSegment(n, text, "v", take_key=f"k{n}", start_ms=start, duration_ms=end - start)
            for n, (text, (start, end)) in enumerate(zip(TEXTS, SPANS, strict=True), start=1)
        ]
        source = np.zeros(TOTAL_MS * 16, np.float32)
        for start_ms, end_ms in spans:
            source[start_ms * 16 : end_ms * 16] = make_tone(180, end_ms - start_ms, 16_000)
        bed = Bed(self.track, 48_000, 1, TOTAL_MS * 48, build_envelope([source]))
        with self._open_stage() as stage:
            return prove_dub(
                stage,
                "es",
                transcript=SegmentedTranscript("en", TOTAL_MS, tuple(segments)),
                lines=lines,
                track=self.track,
                mix=self.mix,
                bed=bed,
                folder=self.folder,
            )

    @contextmanager
    def _open_stage(self) -> Iterator[Stage]:
        with self.line.database.lock_job(str(self.job_id)) as lock, dg.build_op_context() as context:
            yield Stage(self.job_id, self.line.container, LanguageState.MIXING, context.log, lock)

    def count_recognitions(self) -> dict[str | None, int]:
        with self.line.database.transaction() as tx:
            calls = tx.session.scalars(select(VendorCall).where(VendorCall.job_id == self.job_id)).all()
        languages = [call.language for call in calls if call.operation == "recognize"]
        return {language: languages.count(language) for language in languages}


@pytest.fixture
def studio(build_line: Callable[..., Line], tmp_path: Path) -> Studio:
    return Studio(build_line(("es",)), tmp_path)


def test_a_dub_that_is_understood_and_in_time_says_so(studio: Studio) -> None:
    recognizer = studio.recognise(TEXTS)
    measured, _ = studio.prove()
    assert measured["word_error_rate"] == 0.0
    assert (measured["checked_lines"], measured["checked_words"], measured["missing_numbers"]) == (3, 21, 0)
    assert int(measured["onset_p95_ms"]) <= 10
    assert float(measured["source_overlap"]) > 0.98
    assert recognizer.languages == ["es"]
    assert all(result.passed for result in check_proofs({"es": measured}, studio.line.container.settings))


def test_a_dub_that_is_late_and_not_understood_breaks_exactly_those_proofs(studio: Studio) -> None:
    studio.recognise(("Nada de esto.", "Y luego cincuenta horas.", "No."))
    late = [(start - 500, end - 500) for start, end in SPANS]
    measured, _ = studio.prove(late)
    assert measured["onset_p50_ms"] == measured["last_onset_ms"] == 500
    assert measured["missing_numbers"] == 1
    results = {result.check_name: result for result in check_proofs({"es": measured}, studio.line.container.settings)}
    assert {name for name, result in results.items() if not result.passed} == {"onsets_aligned", "understood"}
    assert {result.severity for result in results.values()} == {dg.AssetCheckSeverity.WARN}


def test_hearing_again_is_bought_once_and_is_the_languages(studio: Studio) -> None:
    recognizer = studio.recognise(TEXTS)
    first, _ = studio.prove()
    again, _ = studio.prove()
    assert first == again
    assert len(recognizer.languages) == 1
    assert studio.count_recognitions() == {"es": 1}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (VendorUnavailableError("The vendor does not answer.", retry_after_s=3_600.0), "vendor_unavailable"),
        (UnsupportedLanguageError("Not this language."), "unsupported_language"),
    ],
)
def test_a_recogniser_that_cannot_do_it_costs_the_proof_and_not_the_dub(
    studio: Studio, error: DubbingError, reason: str
) -> None:
    studio.recognise(error)
    measured, pictures = studio.prove()
    assert measured["not_checked"] == reason
    assert "word_error_rate" not in measured
    assert len(pictures) == 1
    assert all(result.passed for result in check_proofs({"es": measured}, studio.line.container.settings))


def test_a_dub_of_which_no_word_is_recognised_is_the_worst(studio: Studio) -> None:
    studio.recognise(NoSpeechError("Nobody speaks."))
    measured, _ = studio.prove()
    assert "not_checked" not in measured
    assert (measured["word_error_rate"], measured["checked_lines"], measured["checked_words"]) == (1.0, 3, 21)
    assert studio.list_broken(measured) == {"understood"}


@pytest.mark.parametrize(("gain", "broken"), [(1.0, set()), (0.01, {"voice_heard"})])
def test_a_voice_that_is_lost_in_the_mix_breaks_that_proof_alone(studio: Studio, gain: float, broken: set[str]) -> None:
    studio.recognise(TEXTS)
    noise = make_noise(TOTAL_MS, 48_000)
    with PcmFile(studio.track, 2) as track:
        voice = track.read(0, track.frames)[:, 0]
    studio.mix = studio.write_mix(noise + gain * voice)
    measured, _ = studio.prove()
    assert studio.list_broken(measured) == broken


def test_takes_that_are_not_in_the_track_break_the_proof_of_their_onsets(studio: Studio) -> None:
    studio.recognise(TEXTS)
    with PcmFile(studio.track, 2) as track:
        track.write(SPANS[2][0] * 48, np.zeros((3_000 * 48, 2), np.float32))
    measured, _ = studio.prove()
    assert measured["inaudible_lines"] == 1
    assert "onsets_aligned" in studio.list_broken(measured)


def test_a_vendor_that_stays_down_is_not_waited_for_as_long_as_the_dub_itself_would(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dub_assets.proof.PATIENCE_S", 0.0)
    recognizer = studio.recognise(VendorUnavailableError("The vendor does not answer."))
    measured, _ = studio.prove()
    assert measured["not_checked"] == "vendor_unavailable"
    assert len(recognizer.languages) == 1


def test_nothing_is_recognised_when_that_is_switched_off(studio: Studio) -> None:
    recognizer = studio.recognise(TEXTS, "off")
    measured, _ = studio.prove()
    assert (measured["not_checked"], recognizer.languages) == ("off", [])


def test_the_picture_is_kept_and_shown_without_a_word_of_the_customers(studio: Studio) -> None:
    studio.recognise(TEXTS, "off")
    _, [picture] = studio.prove()
    assert (picture.kind, picture.path, picture.media_type) == ("waveform", "es/waveform.png", "image/png")
    shown = show_waveforms(studio.line.container.store, Dubs(es=(picture,))).value
    assert len(shown) < 100_000
    assert re.fullmatch(r"\*\*es\*\*\n\n!\[es\]\(data:image/png;base64,[\w+/=]+\)", shown)


def test_a_finished_dub_is_kept_with_what_was_measured_of_it(build_line: Callable[..., Line]) -> None:
    line = build_line(("es",))
    line.container.settings = line.container.settings.model_copy(update={"recognise_again": "off"})
    job_id = line.submit("es")
    result = line.run(job_id)
    assert result.success
    with line.database.transaction() as tx:
        [task] = tx.jobs.list_languages(job_id)
        files = tx.values.load_artifacts(job_id)
    [document] = [file for file in files[""] if file.kind == "manifest"]
    with line.container.store.fetch(document.storage_key) as file:
        manifest = parse_manifest(file.read_bytes())
    [entry] = manifest.languages
    assert entry.quality is not None
    assert QualityReply.model_validate(task.quality).model_dump() == entry.quality.model_dump()
    assert (entry.quality.voiced, entry.quality.not_checked) == (2, "off")
    assert entry.quality.null_residual_db is not None
    assert entry.state == ("completed_with_issues" if entry.quality.issues else "completed")
    assert {"es/dub.m4a", "es/waveform.png"} <= {artifact.path for artifact in entry.artifacts}
    assert {artifact.path for artifact in manifest.source.artifacts} == {file.path for file in files[""]} - {
        "manifest.json"
    }
    proofs = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert {
        "onsets_aligned",
        "source_overlap",
        "understood",
        "untouched_outside_speech",
        "voice_heard",
    } <= proofs.keys()
